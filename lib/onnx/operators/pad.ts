import type { Node } from "../model.ts";
import { mismatch, stringAttribute } from "../node.ts";
import { filled, formatShape } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { constantInts, input, type Inputs, requiredInts } from "./inputs.ts";
import type { Operator } from "./operator.ts";
import { floatInput, intsInput, notInOpset18, withInputs } from "./upgrade.ts";

/** Elements added (or, negative, taken away) before and after, one number per axis. */
export interface Pads {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/**
 * What a Pad node does to its input. Source: ONNX operator Pad-18.
 *
 * @throws ShapeMismatchError if the pads are not two for each axis.
 */
export function parsePad(node: Node, inputs: Inputs): Pads & { readonly mode: string } {
  const { shape } = input(node, inputs, 0);
  const rank = shape.length;
  const pads = requiredInts(node, inputs, 1);
  const given = constantInts(node, inputs, 3) ?? [...shape.keys()];
  const axes = given.map((axis) => normaliseAxis(node, axis, rank));
  if (pads.length !== 2 * axes.length) {
    throw mismatch(node, `pads ${formatShape(pads)} must hold two numbers for each axis padded`);
  }
  const begins = filled(rank, 0);
  const ends = filled(rank, 0);
  axes.forEach((axis, i) => {
    begins[axis] = pads[i]!;
    ends[axis] = pads[i + axes.length]!;
  });
  return { mode: stringAttribute(node, "mode", "constant"), begins, ends };
}

export const pad: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const { begins, ends } = parsePad(node, inputs);
    const padded = shape.map((length, axis) => length + begins[axis]! + ends[axis]!);
    if (padded.some((length) => length < 0)) {
      throw mismatch(node, `the padding takes away more than there is of ${formatShape(shape)}`);
    }
    return [{ type, shape: padded }];
  },
  // pads and the fill value are inputs since opset 11, mode "wrap" came with 19
  upgrade: (node, rewriting) => {
    if (stringAttribute(node, "mode", "constant") === "wrap") {
      throw notInOpset18(node, "mode 'wrap'");
    }
    if (rewriting.opset >= 11) return [node];
    const value = floatInput(node, rewriting, "value", 0);
    return [withInputs(node, { pads: intsInput(node, rewriting, "pads"), value })];
  },
};
