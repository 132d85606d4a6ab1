import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { padWith } from "../padding.ts";
import { reshapeTo } from "../shaping.ts";

/** The weight's numbers, or `null` if it is computed while the network runs. */
export function constantWeight(
  graph: GraphBuilder,
  weight: Value | FloatTensor,
): FloatTensor | null {
  if (typeof weight !== "string") return weight;
  const { constant } = graph.factsOf(weight);
  return constant?.type === "float32" ? constant : null;
}

/** In a table of taps: none, which reads zero. */
export const NO_TAP = -1;

/**
 * Which tap of a convolution's kernel each element of another kernel is, in row-major order.
 *
 * @param shape of the other kernel
 * @param tapAt row and column of the tap that the element at `place` is; none if one is outside
 */
export function tableOfTaps(
  shape: readonly number[],
  [height = 1, width = 1]: readonly number[],
  tapAt: (place: readonly number[]) => readonly [row: number, column: number],
): Int32Array {
  const table = new Int32Array(sizeOf(shape)).fill(NO_TAP);
  const place = shape.map(() => 0);
  for (let element = 0; element < table.length; element++) {
    const [row, column] = tapAt(place);
    const isInside = row >= 0 && row < height && column >= 0 && column < width;
    if (isInside) table[element] = row * width + column;
    for (let axis = shape.length - 1; axis >= 0 && ++place[axis]! === shape[axis]; axis--) {
      place[axis] = 0;
    }
  }
  return table;
}

/**
 * A weight that is computed, its kernels' elements the taps of a table.
 *
 * @param weight [Co, Ci, kh, kw] @returns [Co, Ci, as many as `table` has]
 */
export function emitTaps(graph: GraphBuilder, weight: Value, table: Int32Array): Value {
  const [outputs = 1, inputs = 1, ...kernel] = graph.shapeOf(weight);
  const count = sizeOf(kernel);
  const rows = reshapeTo(graph, weight, [outputs, inputs, count]);
  const withZero = padWith(graph, rows, { begins: [0, 0, 0], ends: [0, 0, 1] }, 0);
  const indices = Array.from(table, (tap) => (tap === NO_TAP ? count : tap));
  return graph.emit("Gather", [withZero, graph.ints(indices)], { axis: 2 });
}
