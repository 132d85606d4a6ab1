import { mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { broadcast } from "./broadcast.ts";
import { broadcastTo, countTo, pick } from "./elements.ts";
import { input, operand, requiredInts } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/** Y has the broadcast of X's shape and the one given. */
export const expand: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    return [{ type, shape: broadcast(node, [shape, requiredInts(node, inputs, 1)]) }];
  },
  fold: (node, inputs, [output]) => [broadcastTo(operand(node, inputs, 0), output!.shape)],
};

/** X, repeated so many times along each axis. */
export const tile: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const repeats = requiredInts(node, inputs, 1);
    if (repeats.length !== shape.length) {
      throw mismatch(node, `repeats ${formatShape(repeats)} do not match ${formatShape(shape)}`);
    }
    return [{ type, shape: shape.map((length, axis) => length * repeats[axis]!) }];
  },
  fold: (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const indices = output!.shape.map((length, axis) =>
      countTo(length).map((index) => index % tensor.shape[axis]!),
    );
    return [pick(tensor, indices)];
  },
};
