import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";
import { floatTensor, type FloatTensor } from "../onnx/tensor.ts";
import type { Provider } from "./provider.ts";
import { type AxisWindow, span, unusedPixels } from "./window.ts";

interface Adjoint {
  readonly graph: GraphBuilder;
  readonly provider: Provider;
  readonly windows: readonly AxisWindow[];
  readonly group: number;
}

/**
 * Data gradient of a strided convolution as ONNX's ConvTranspose.
 *
 *     dX[ci] = sum over co of  dY[co] upsampled by the stride, correlated with W[co, ci] reversed
 *
 * dY: [N, Co, ...]; W: [Co, Ci / group, ...], the forward convolution's own weight, not copied.
 *
 * On CUDA a ConvTranspose with unequal pads silently runs on the CPU, 10 to 40 times slower, so
 * there the padding is cut off by a Slice instead.
 */
export function convTranspose(
  { graph, provider, windows, group }: Adjoint,
  dY: Value,
  weight: Value,
): Value {
  const attributes = {
    kernel_shape: windows.map(({ kernel }) => kernel),
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
    output_padding: windows.map(unusedPixels),
    group,
  };
  const begins = windows.map(({ padBegin }) => padBegin);
  const ends = windows.map(({ padEnd }) => padEnd);
  const isSymmetric = begins.every((pad, axis) => pad === ends[axis]);
  if (provider === "cpu" || isSymmetric) {
    return graph.emit("ConvTranspose", [dY, weight], { ...attributes, pads: [...begins, ...ends] });
  }
  const padded = graph.emit("ConvTranspose", [dY, weight], attributes);
  return graph.emit("Slice", [
    padded,
    graph.ints(begins),
    graph.ints(windows.map(({ padBegin, input }) => padBegin + input)),
    graph.ints(windows.map((_, axis) => axis + 2)),
  ]);
}

/**
 * Data gradient of a convolution with stride 1: a convolution of dY with the kernel reversed in
 * space and transposed in channels.
 *
 *     dX = Conv(dY, W'),  W'[ci, co, i, j] = W[co, ci, k-1-i, k-1-j],  pads d (k-1) - p
 *
 * Where a pad of the forward pass exceeds d (k-1), dY is cropped instead of padded.
 */
export function flippedConv(
  { graph, windows, group }: Adjoint,
  dY: Value,
  weight: FloatTensor,
): Value {
  const begins = windows.map((window) => span(window) - 1 - window.padBegin);
  const ends = windows.map((window) => span(window) - 1 - window.padEnd);
  return graph.emit("Conv", [crop(graph, dY, begins, ends), graph.constant(flip(weight, group))], {
    kernel_shape: windows.map(({ kernel }) => kernel),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...begins, ...ends].map((pad) => Math.max(pad, 0)),
    group,
  });
}

/** Removes |pad| pixels at every side whose pad is negative. */
function crop(
  graph: GraphBuilder,
  value: Value,
  begins: readonly number[],
  ends: readonly number[],
): Value {
  if ([...begins, ...ends].every((pad) => pad >= 0)) return value;
  const lengths = graph.shapeOf(value).slice(2);
  return graph.emit("Slice", [
    value,
    graph.ints(begins.map((pad) => Math.max(-pad, 0))),
    graph.ints(lengths.map((length, axis) => length - Math.max(-ends[axis]!, 0))),
    graph.ints(lengths.map((_, axis) => axis + 2)),
  ]);
}

const flipped = new WeakMap<FloatTensor, Map<number, FloatTensor>>();

/** [Co, Ci / g, ...k] to [Ci, Co / g, ...k reversed]; remembered, so that graphs share the copy. */
function flip(weight: FloatTensor, group: number): FloatTensor {
  const byGroup = flipped.get(weight) ?? new Map<number, FloatTensor>();
  flipped.set(weight, byGroup);
  const known = byGroup.get(group);
  if (known) return known;

  const [outputs = 1, inputsPerGroup = 1, ...kernel] = weight.shape;
  const outputsPerGroup = outputs / group;
  const taps = kernel.reduce((count, k) => count * k, 1);
  const data = new Float32Array(weight.data.length);
  for (let co = 0; co < outputs; co++) {
    const groupOfOutput = Math.floor(co / outputsPerGroup);
    for (let i = 0; i < inputsPerGroup; i++) {
      const ci = groupOfOutput * inputsPerGroup + i;
      const from = (co * inputsPerGroup + i) * taps;
      const to = (ci * outputsPerGroup + (co % outputsPerGroup)) * taps;
      // reversing every spatial axis reverses the taps in row-major order
      for (let tap = 0; tap < taps; tap++) data[to + tap] = weight.data[from + taps - 1 - tap]!;
    }
  }
  const result = floatTensor([inputsPerGroup * group, outputsPerGroup, ...kernel], data);
  byGroup.set(group, result);
  return result;
}
