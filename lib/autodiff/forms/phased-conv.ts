import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { Convolution } from "../../onnx/operators/convolution.ts";
import { reshapeTo } from "../shaping.ts";
import { constantWeight, emitTaps, tableOfTaps } from "./weight.ts";

/** From so many columns on, copying them costs more than sorting the image's by phase. */
const LEAST_COLUMNS = 4;

/**
 * A strided 2-D convolution that reads the image's columns by phase, so that windows which are
 * neighbours read numbers which are neighbours.
 *
 *     Y[co, h, w] =
 *         sum over ci, r, ky, d of  X_r[ci, t h + ky - p, w + d] W[co, ci, ky, s d + r + q]
 *
 * X_r[w] = X[s w + r] are the phases; t and s are the strides down and across, p and q the padding
 * above and on the left.
 *
 * For a weight that is computed, as that of a selected channel is: ONNX Runtime then has no blocked
 * layout, and with few outputs most of its time goes into copying windows number by number.
 *
 * x: [N, Ci, H, W], weight: [Co, Ci, kh, kw]. Returns [N, Co, H', W'], or null where the form does
 * not apply.
 */
export function phasedConv(
  graph: GraphBuilder,
  [x = "", weight = "", ...bias]: readonly Value[],
  { windows, group }: Convolution,
): Value | null {
  const [vertical, horizontal] = windows;
  if (!vertical || !horizontal || windows.length !== 2 || group !== 1) return null;
  const { kernel, stride, padBegin, input, output } = horizontal;
  // of a stride longer than the window most of what is sorted is read by none
  const isWide = kernel >= Math.max(LEAST_COLUMNS, stride) && stride > 1 && input % stride === 0;
  const isDilated = windows.some(({ dilation }) => dilation > 1);
  if (!isWide || isDilated || constantWeight(graph, weight) !== null) return null;

  const cells = input / stride;
  const first = -Math.floor((padBegin + stride - 1) / stride);
  const last = Math.floor((kernel - 1 - padBegin) / stride);

  const [n = 1, inputs = 1, height = 1] = graph.shapeOf(x);
  const pixels = reshapeTo(graph, x, [n * inputs, height * cells, stride]);
  const apart = graph.emit("Transpose", [pixels], { perm: [0, 2, 1] });
  const phases = reshapeTo(graph, apart, [n, inputs * stride, height, cells]);

  const size = last - first + 1;
  const table = tableOfTaps(
    [stride, vertical.kernel, size],
    [vertical.kernel, kernel],
    ([r = 0, ky = 0, d = 0]) => [ky, stride * (first + d) + r + padBegin],
  );
  const [outputs = 1] = graph.shapeOf(weight);
  const shape = [outputs, inputs * stride, vertical.kernel, size];
  const kernels = reshapeTo(graph, emitTaps(graph, weight, table), shape);
  return graph.emit("Conv", [phases, kernels, ...bias], {
    strides: [vertical.stride, 1],
    pads: [vertical.padBegin, -first, vertical.padEnd, output + last - cells],
  });
}
