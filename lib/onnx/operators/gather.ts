import { intAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { input } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/** Y has X's shape with `axis` replaced by the shape of the indices. Source: ONNX operator Gather-13. */
export const gather: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const axis = axisAttribute(node, shape.length, 0);
    return [{ type, shape: shape.toSpliced(axis, 1, ...input(node, inputs, 1).shape) }];
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
