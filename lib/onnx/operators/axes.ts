import type { Node } from "../model.ts";
import { intAttribute, mismatch, nodeError } from "../node.ts";

/** `axis` counted from the front. @throws ShapeMismatchError if it is outside [-rank, rank). */
export function normaliseAxis(node: Node, axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) {
    throw mismatch(node, `axis ${axis} is outside a tensor of ${rank} axes`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** `index` along an axis, counted from the front. @throws ModelError if it is outside the axis. */
export function normaliseIndex(node: Node, index: number, length: number): number {
  if (index >= -length && index < length) return index < 0 ? index + length : index;
  throw nodeError(node, `index ${index} is outside an axis of length ${length}`);
}

/** Attribute `axis`, or `fallback` (the operator's default), counted from the front. */
export function axisAttribute(node: Node, rank: number, fallback?: number): number {
  return normaliseAxis(node, intAttribute(node, "axis", fallback), rank);
}

/** `shape` with length 1 along `axes`, as a reduction with keepdims leaves it. */
export function keepDims(shape: readonly number[], axes: readonly number[]): readonly number[] {
  return shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
}
