import { ModelError } from "../errors.ts";
import { describeNode, mismatch } from "../node.ts";
import { formatShape, sizeOf } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { fromElements } from "./elements.ts";
import { input, operand } from "./inputs.ts";
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
  fold: (node, inputs, [output]) => {
    const tensors = inputs.map((_, index) => operand(node, inputs, index));
    const { shape } = output!;
    const axis = axisAttribute(node, shape.length);
    const rows = tensors.map((tensor) => sizeOf(tensor.shape.slice(axis)));
    const outer = sizeOf(shape.slice(0, axis));
    const joined = fromElements(tensors, shape, (sources, to) => {
      let next = 0;
      for (let block = 0; block < outer; block++) {
        for (const [i, source] of sources.entries()) {
          const row = rows[i]!;
          for (let j = 0; j < row; j++) to[next++] = source[block * row + j]!;
        }
      }
    });
    return [joined];
  },
};
