import { type Node } from "../onnx/model.ts";
import { intAttribute } from "../onnx/node.ts";
import { constantNumbers } from "./constant-inputs.ts";
import type { VjpContext } from "./rule.ts";

/** ONNX counts a negative axis from the end. */
export function fromStart(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Attribute `axis`, counted from the start. */
export function axisAttribute(node: Node, rank: number, fallback?: number): number {
  return fromStart(intAttribute(node, "axis", fallback), rank);
}

/** Axes that a Reduce* node of opset 18 sums or searches over, ascending. */
export function reducedAxes(context: VjpContext): readonly number[] {
  const { graph, node, inputs } = context;
  const rank = graph.shapeOf(inputs[0]!).length;
  const stated = constantNumbers(context, 1, "axes") ?? [];
  if (stated.length > 0)
    return stated.map((axis) => fromStart(axis, rank)).toSorted((a, b) => a - b);
  if (intAttribute(node, "noop_with_empty_axes", 0) === 1) return [];
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** `shape` with length 1 along `axes`, as a reduction with keepdims leaves it. */
export function keepDims(shape: readonly number[], axes: readonly number[]): readonly number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}
