import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";

/** Zeros before and after along every axis; lengths are never negative. */
export function padZeros(
  graph: GraphBuilder,
  value: Value,
  begins: readonly number[],
  ends: readonly number[],
): Value {
  return padWith(graph, value, { begins, ends }, 0);
}

/** Elements to put before and after, one number per axis of the tensor. */
export interface Pads {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** `fill` before and after along every axis; pads are never negative. */
export function padWith(graph: GraphBuilder, value: Value, pads: Pads, fill: number): Value {
  const all = [...pads.begins, ...pads.ends];
  if (all.every((pad) => pad === 0)) return value;
  return graph.emit("Pad", [value, graph.ints(all), graph.scalar(fill)], { mode: "constant" });
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
