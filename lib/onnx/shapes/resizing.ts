import type { Node } from "../model.ts";
import { intsAttribute, stringAttribute } from "../node.ts";
import {
  formatShape,
  input,
  mismatch,
  normaliseAxis,
  optionalInts,
  optionalNumbers,
  type ShapeFunction,
} from "./shape-function.ts";

/**
 * X, roi, scales or sizes -> Y. Sizes as given (fitted to one scale if keep_aspect_ratio_policy says
 * so), or floor(length * scale) computed in float32, as ONNX Runtime does.
 *
 * Source: ONNX operator Resize-18.
 */
const resize: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const given = intsAttribute(node, "axes", [...shape.keys()]);
  const axes = given.map((axis) => normaliseAxis(node, axis, shape.length));
  const scales = optionalNumbers(node, inputs, 2) ?? [];
  const sizes = optionalInts(node, inputs, 3) ?? [];
  const wanted = scales.length > 0 ? scales : sizes;
  if (wanted.length !== axes.length) {
    throw mismatch(node, `scales or sizes ${formatShape(wanted)} do not fit ${formatShape(shape)}`);
  }
  const lengths = axes.map((axis) => shape[axis]!);
  const resized =
    scales.length > 0
      ? lengths.map((length, i) => Math.floor(Math.fround(length * Math.fround(scales[i]!))))
      : fitSizes(node, lengths, sizes);
  const output = [...shape];
  axes.forEach((axis, i) => (output[axis] = resized[i]!));
  return [{ type, shape: output }];
};

function fitSizes(node: Node, lengths: readonly number[], sizes: readonly number[]) {
  const policy = stringAttribute(node, "keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch") return sizes;
  const ratios = lengths.map((length, i) => sizes[i]! / length);
  const ratio = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return lengths.map((length) => Math.round(length * ratio));
}

export const resizingShapes: Readonly<Record<string, ShapeFunction>> = { Resize: resize };
