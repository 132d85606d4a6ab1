import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute, mismatch } from "../node.ts";
import { formatShape, toNumbers } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { countTo, pick, view } from "./elements.ts";
import { input, operand } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/** A Gather node whose indices are constants. */
export interface Gathering {
  readonly axis: number;
  /** Element of X, 0 ... length - 1, at each place of Y along `axis`. */
  readonly indices: readonly number[];
  /** Elements of X along `axis`. */
  readonly length: number;
}

/**
 * @param shape of X.
 * @param stated indices as input 1 has them: negative ones count from the end.
 *
 * @throws ModelError for an index outside the axis.
 */
export function parseGather(
  node: Node,
  shape: readonly number[],
  stated: readonly number[],
): Gathering {
  const axis = axisAttribute(node, shape.length, 0);
  const length = shape[axis]!;
  const indices = stated.map((index) => {
    if (index < -length || index >= length) {
      throw new ModelError(
        `${describeNode(node)}: index ${index} is outside an axis of length ${length}`,
      );
    }
    return index < 0 ? index + length : index;
  });
  return { axis, length, indices };
}

/**
 * Y has X's shape with `axis` replaced by the shape of the indices. Source: ONNX operator
 * Gather-13.
 */
export const gather: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const axis = axisAttribute(node, shape.length, 0);
    return [{ type, shape: shape.toSpliced(axis, 1, ...input(node, inputs, 1).shape) }];
  },
  fold: (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const stated = toNumbers(operand(node, inputs, 1));
    const { axis, indices } = parseGather(node, tensor.shape, stated);
    const picked = pick(tensor, tensor.shape.map(countTo).with(axis, [...indices]));
    return [view(picked, output!.shape)];
  },
};

export const gatherElements: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const indices = input(node, inputs, 1).shape;
    axisAttribute(node, shape.length, 0);
    if (indices.length !== shape.length) {
      throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
    }
    return [{ type, shape: indices }];
  },
};

export const gatherND: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const indices = input(node, inputs, 1).shape;
    const batch = intAttribute(node, "batch_dims", 0);
    const depth = indices.at(-1);
    if (depth === undefined || batch + depth > shape.length) {
      throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
    }
    return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(batch + depth)] }];
  },
};
