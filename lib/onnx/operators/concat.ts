import { ModelError } from "../errors.ts";
import { describeNode, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { input } from "./inputs.ts";
import type { Operator } from "./operator.ts";

export const concat: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const axis = axisAttribute(node, shape.length);
    let length = 0;
    inputs.forEach((_, index) => {
      const other = input(node, inputs, index);
      const fits =
        other.shape.length === shape.length &&
        other.shape.every((size, i) => i === axis || size === shape[i]);
      if (!fits) {
        throw mismatch(
          node,
          `${formatShape(shape)} and ${formatShape(other.shape)} differ beside axis ${axis}`,
        );
      }
      if (other.type !== type) {
        throw new ModelError(`${describeNode(node)}: inputs have types ${type} and ${other.type}`);
      }
      length += other.shape[axis]!;
    });
    return [{ type, shape: shape.with(axis, length) }];
  },
};
