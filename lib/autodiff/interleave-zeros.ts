import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { padWith } from "./padding.ts";
import { reshapeTo, slice } from "./shaping.ts";

/** `step` - 1 zeros between neighbours along `axis`: length L becomes (L - 1) step + 1. */
export function interleaveZeros(
  graph: GraphBuilder,
  value: Value,
  axis: number,
  step: number,
): Value {
  if (step === 1) return value;
  const shape = graph.shapeOf(value);
  const length = shape[axis]!;
  const columns = reshapeTo(graph, value, shape.toSpliced(axis + 1, 0, 1));
  const none = [...shape.map(() => 0), 0];
  const rows = padWith(graph, columns, { begins: none, ends: none.with(axis + 1, step - 1) }, 0);
  const merged = reshapeTo(graph, rows, shape.with(axis, length * step));
  return slice(graph, merged, { axis, start: 0, end: (length - 1) * step + 1 });
}
