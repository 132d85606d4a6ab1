import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import type { Pads } from "../onnx/operators/extend.ts";
import { expandTo } from "./shaping.ts";

/**
 * `fill` before and after along every axis. Where a pad is negative, elements are removed first, by
 * a Slice: CUDA's Pad is not known to take it.
 */
export function padWith(graph: GraphBuilder, value: Value, pads: Pads, fill: number): Value {
  const { left, added } = withoutNegative(graph, value, pads);
  const all = [...added.begins, ...added.ends];
  if (all.every((pad) => pad === 0)) return left;
  return graph.emit("Pad", [left, graph.ints(all), graph.scalar(fill)], { mode: "constant" });
}

/**
 * `padWith` by Concat with constants, axis by axis.
 *
 * ONNX Runtime fuses a Pad of zeros into the pool that reads it, where MaxPool takes its padding
 * for minus infinity: wrong on negative input, and an error at load where a pad exceeds the window
 * (Pad_Fusion, seen in 1.29 and 1.30). A Concat is left alone.
 */
export function padByConcat(graph: GraphBuilder, value: Value, pads: Pads, fill: number): Value {
  const { left, added } = withoutNegative(graph, value, pads);
  return graph.shapeOf(left).reduce((padded, _, axis) => {
    const border = (length: number) =>
      expandTo(graph, graph.scalar(fill), graph.shapeOf(padded).with(axis, length));
    const [begin, end] = [added.begins[axis]!, added.ends[axis]!];
    const before = begin > 0 ? [border(begin)] : [];
    const after = end > 0 ? [border(end)] : [];
    if (begin + end === 0) return padded;
    return graph.emit("Concat", [...before, padded, ...after], { axis });
  }, left);
}

/** What negative pads leave of a value, and the other pads. */
function withoutNegative(graph: GraphBuilder, value: Value, { begins, ends }: Pads) {
  const atLeastNone = (pads: readonly number[]) => pads.map((pad) => Math.max(pad, 0));
  const removed = (pads: readonly number[]) => atLeastNone(pads.map((pad) => -pad));
  const left = crop(graph, value, { begins: removed(begins), ends: removed(ends) });
  return { left, added: { begins: atLeastNone(begins), ends: atLeastNone(ends) } };
}

/** Where the elements of an axis go. */
export interface Shift {
  readonly axis: number;
  /** Place of element 0; negative where the first elements are left out. */
  readonly offset: number;
  /** Of the axis afterwards. */
  readonly length: number;
}

/**
 * `out[j] = value[j - offset]` for 0 <= j < `length` along `axis`, and 0 where there is no such
 * element.
 */
export function shiftAlong(graph: GraphBuilder, value: Value, shift: Shift): Value {
  const { axis, offset, length } = shift;
  const shape = graph.shapeOf(value);
  const none = shape.map(() => 0);
  const ends = none.with(axis, length - offset - shape[axis]!);
  return padWith(graph, value, { begins: none.with(axis, offset), ends }, 0);
}

/** Removes that many elements before and after along every axis. */
export function crop(graph: GraphBuilder, value: Value, { begins, ends }: Pads): Value {
  const shape = graph.shapeOf(value);
  const axes = shape.flatMap((_, axis) => (begins[axis] === 0 && ends[axis] === 0 ? [] : [axis]));
  if (axes.length === 0) return value;
  return graph.emit("Slice", [
    value,
    graph.ints(axes.map((axis) => begins[axis]!)),
    graph.ints(axes.map((axis) => shape[axis]! - ends[axis]!)),
    graph.ints(axes),
  ]);
}
