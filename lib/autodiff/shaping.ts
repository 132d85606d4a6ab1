import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";

/** Same elements in row-major order under another shape. */
export function reshapeTo(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  if (graph.shapeOf(value).join() === shape.join()) return value;
  return graph.emit("Reshape", [value, graph.ints(shape)]);
}

/** Repeats `value` along broadcast axes. */
export function expandTo(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  if (graph.shapeOf(value).join() === shape.join()) return value;
  return graph.emit("Expand", [value, graph.ints(shape)]);
}

/**
 * Adjoint of broadcasting: sums `dZ` over the axes along which a tensor of `shape` was repeated.
 *
 * dZ: the broadcast shape. Result: `shape`.
 */
export function sumTo(graph: GraphBuilder, dZ: Value, shape: readonly number[]): Value {
  const from = graph.shapeOf(dZ);
  const added = from.length - shape.length;
  const repeated = from.flatMap((length, axis) =>
    axis < added || (shape[axis - added] === 1 && length !== 1) ? [axis] : [],
  );
  const summed =
    repeated.length === 0
      ? dZ
      : graph.emit("ReduceSum", [dZ, graph.ints(repeated)], { keepdims: 1 });
  return reshapeTo(graph, summed, shape);
}

/** One or more values of one shape added up, two at a time. */
export function addedUp(graph: GraphBuilder, parts: readonly Value[]): Value {
  return parts.reduce((total, part) => graph.emit("Add", [total, part]));
}

/** Elements `start`, `start + step`, ... of an axis, up to but without `end`. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  /** Counted from the end if negative. */
  readonly end: number;
  /** @default 1 */
  readonly step?: number;
}

export function slice(graph: GraphBuilder, value: Value, { axis, start, end, step = 1 }: Range) {
  const bounds = [[start], [end], [axis], [step]].map((bound) => graph.ints(bound));
  return graph.emit("Slice", [value, ...bounds]);
}

/** A constant zero of `shape` that takes no space in the file. */
export function zeros(graph: GraphBuilder, shape: readonly number[]): Value {
  return expandTo(graph, graph.scalar(0), shape);
}
