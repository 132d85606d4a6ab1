import type { Node } from "../model.ts";
import { intsAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { countTo, pickOffsets, stridesOf } from "./elements.ts";
import { input, operand } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/** Axis i of Y is axis `permutation[i]` of X, of shape `shape`; reversed axes by default. */
export function permutation(node: Node, shape: readonly number[]): readonly number[] {
  const order = intsAttribute(node, "perm", [...shape.keys()].toReversed());
  const sorted = order.toSorted((a, b) => a - b);
  if (sorted.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
    throw mismatch(
      node,
      `perm ${formatShape(order)} is no order of the axes of ${formatShape(shape)}`,
    );
  }
  return order;
}

export const transpose: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    return [{ type, shape: permutation(node, shape).map((axis) => shape[axis]!) }];
  },
  fold: (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const strides = stridesOf(tensor.shape);
    const offsets = permutation(node, tensor.shape).map((axis) =>
      countTo(tensor.shape[axis]!).map((index) => index * strides[axis]!),
    );
    return [pickOffsets(tensor, offsets)];
  },
};
