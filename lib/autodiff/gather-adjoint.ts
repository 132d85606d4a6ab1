import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import type { Gathering } from "../onnx/operators/select.ts";
import { padWith } from "./padding.ts";
import { zeros } from "./shaping.ts";

/**
 * Adjoint of Y[i] = X[indices[i]] along one axis: dX[j] = sum of dY[i] over the i with
 * indices[i] = j.
 *
 * A sum of Gathers, not a scatter, so that the order of addition is fixed on CUDA too: the first
 * Gather fetches the first copy of every element, the second the second copies, and so on; elements
 * without one fetch a zero appended to dY. As many Gathers as the most frequent index has copies.
 */
export function gatherAdjoint(
  graph: GraphBuilder,
  dY: Value,
  { axis, indices, length }: Gathering,
): Value {
  const places = Array.from({ length }, (): number[] => []);
  indices.forEach((index, place) => places[index]!.push(place));
  const copies = places.reduce((most, list) => Math.max(most, list.length), 1);
  graph.reserve(copies * length, "the gradient of elements that are read many times");
  const isGapless = places.every((list) => list.length === copies);

  const none = graph.shapeOf(dY).map(() => 0);
  const source = isGapless ? dY : padWith(graph, dY, { begins: none, ends: none.with(axis, 1) }, 0);
  const zero = indices.length; // place of the appended zero
  const rounds = Array.from({ length: copies }, (_, copy) => {
    const fetched = places.map((list) => list[copy] ?? zero);
    return graph.emit("Gather", [source, graph.ints(fetched)], { axis });
  });
  return rounds.length === 1 ? rounds[0]! : graph.emit("Sum", rounds);
}

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
