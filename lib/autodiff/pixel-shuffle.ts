import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { reshapeTo } from "./shaping.ts";

/**
 * Pixel shuffle: Y[n, c, h b + i, w b + j] = X[n, (c b + i) b + j, h, w].
 *
 * What ONNX has as DepthToSpace in mode CRD, by moving one axis at a time: first j, then i. ONNX
 * Runtime's own moves number by number on the CPU and takes two to three times as long.
 *
 * X: [N, C b^2, H, W], Y: [N, C, H b, W b]; b: the side of a block, pixels.
 *
 * Source: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient
 * Sub-Pixel Convolutional Neural Network", 2016.
 */
export function pixelShuffle(graph: GraphBuilder, x: Value, b: number): Value {
  const [n = 1, channels = 1, h = 1, w = 1] = graph.shapeOf(x);
  const c = channels / b ** 2;
  const columns = swapped(graph, x, [n * c * b, b, h * w, 1]);
  const rows = swapped(graph, columns, [n * c, b, h, w * b]);
  return reshapeTo(graph, rows, [n, c, h * b, w * b]);
}

/** The inverse of `pixelShuffle`. X: [N, C, H b, W b], Y: [N, C b^2, H, W]. */
export function pixelUnshuffle(graph: GraphBuilder, x: Value, b: number): Value {
  const [n = 1, c = 1, height = 1, width = 1] = graph.shapeOf(x);
  const [h, w] = [height / b, width / b];
  const rows = swapped(graph, x, [n * c, h, b, w * b]);
  const columns = swapped(graph, rows, [n * c * b, h * w, b, 1]);
  return reshapeTo(graph, columns, [n, c * b ** 2, h, w]);
}

/** Axes 1 and 2 of the value, read as `shape`, in each other's place. */
function swapped(graph: GraphBuilder, value: Value, shape: readonly number[]): Value {
  return graph.emit("Transpose", [reshapeTo(graph, value, shape)], { perm: [0, 2, 1, 3] });
}
