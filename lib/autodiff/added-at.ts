import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { zeros } from "./shaping.ts";

/** Where elements of a tensor were read, by indices that are known only while the network runs. */
interface ReadAt {
  /** Of what was read. */
  readonly shape: readonly number[];
  readonly axis: number;
  /** One for each element along the axis, of the shape of what was made of them. */
  readonly indices: Value;
}

/**
 * Adjoint of Y = X[..., indices, ...] along an axis: zeros, with each element of dY added where it
 * was read. Where an element was read more than once, CUDA adds in no fixed order.
 */
export function addedAt(graph: GraphBuilder, { shape, axis, indices }: ReadAt, dY: Value): Value {
  const inputs = [zeros(graph, shape), indices, dY];
  return graph.emit("ScatterElements", inputs, { axis, reduction: "add" });
}
