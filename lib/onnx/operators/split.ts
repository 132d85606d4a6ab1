import type { Node } from "../model.ts";
import { intAttribute, mismatch } from "../node.ts";
import { formatShape } from "../tensor.ts";
import { axisAttribute } from "./axes.ts";
import { countTo, pick } from "./elements.ts";
import { constantInts, input, type Inputs, operand } from "./inputs.ts";
import type { Operator } from "./operator.ts";
import { intsInput, withInputs } from "./upgrade.ts";

/**
 * The axis that a Split node cuts and the lengths of its parts: given sizes, or equal parts of
 * which the last may be shorter. Source: ONNX operator Split-18.
 *
 * @throws ShapeMismatchError if the parts do not add up to the axis.
 */
export function parseSplit(node: Node, inputs: Inputs) {
  const { shape } = input(node, inputs, 0);
  const axis = axisAttribute(node, shape.length, 0);
  const length = shape[axis]!;
  const given = constantInts(node, inputs, 1);
  if (given) {
    if (given.reduce((sum, size) => sum + size, 0) !== length) {
      throw mismatch(node, `parts ${formatShape(given)} do not add up to axis length ${length}`);
    }
    return { axis, sizes: given };
  }
  const count = intAttribute(node, "num_outputs", node.outputs.length);
  const part = Math.ceil(length / count);
  const last = length - part * (count - 1);
  if (last < 1) throw mismatch(node, `${count} parts of an axis of length ${length}`);
  return { axis, sizes: Array.from({ length: count }, (_, i) => (i < count - 1 ? part : last)) };
}

export const split: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const { axis, sizes } = parseSplit(node, inputs);
    return sizes.map((size) => ({ type, shape: shape.with(axis, size) }));
  },
  fold: (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const { axis, sizes } = parseSplit(node, inputs);
    let start = 0;
    return sizes.map((size) => {
      const part = countTo(size).map((index) => start + index);
      start += size;
      return pick(tensor, tensor.shape.map(countTo).with(axis, part));
    });
  },
  // the sizes are an input since opset 13; since 18 without sizes the number of parts must be
  // stated
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 18) return [node];
    const sizes = rewriting.opset < 13 ? intsInput(node, rewriting, "split") : node.inputs[1];
    const bare = withInputs(node, { split: sizes ?? "" });
    if (sizes) return [bare];
    return [{ ...bare, attributes: { ...bare.attributes, num_outputs: node.outputs.length } }];
  },
};
