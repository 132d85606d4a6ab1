import type { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { span } from "../../onnx/operators/window.ts";
import { type FloatTensor, lateFloatTensor, sizeOf } from "../../onnx/tensor.ts";
import { crop } from "../padding.ts";
import type { ConvAdjoint } from "./forms.ts";
import { constantWeight } from "./weight.ts";

/**
 * Data gradient of a convolution with stride 1: a convolution of dY with the kernel reversed in
 * space and transposed in channels.
 *
 *     dX = Conv(dY, W'),  W'[ci, co, i, j] = W[co, ci, k-1-i, k-1-j],  pads d (k-1) - p
 *
 * Where a pad of the forward pass exceeds d (k-1), dY is cropped instead of padded.
 *
 * @returns null where the form does not apply: a stride, or a weight that is not constant.
 */
export function flippedConv(
  { graph, derived }: Target,
  dY: Value,
  { windows, group, weight }: ConvAdjoint,
): Value | null {
  const kernel = constantWeight(graph, weight);
  if (kernel === null || windows.some(({ stride }) => stride !== 1)) return null;
  const begins = windows.map((window) => span(window) - 1 - window.padBegin);
  const ends = windows.map((window) => span(window) - 1 - window.padEnd);
  const excess = (pads: readonly number[]) => [0, 0, ...pads.map((pad) => Math.max(-pad, 0))];
  const read = crop(graph, dY, { begins: excess(begins), ends: excess(ends) });
  const flipped = derived.of(kernel, `flipped in ${group} groups`, () =>
    flippedWeight(kernel, group),
  );
  return graph.emit("Conv", [read, graph.constant(flipped)], {
    kernel_shape: windows.map((window) => window.kernel),
    dilations: windows.map(({ dilation }) => dilation),
    pads: [...begins, ...ends].map((pad) => Math.max(pad, 0)),
    group,
  });
}

interface Target {
  readonly graph: GraphBuilder;
  readonly derived: DerivedTensors;
}

/** [Co, Ci / g, ...k] to [Ci, Co / g, ...k reversed]. */
export function flippedWeight(weight: FloatTensor, group: number): FloatTensor {
  const [outputs = 1, inputsPerGroup = 1, ...kernel] = weight.shape;
  const outputsPerGroup = outputs / group;
  const taps = sizeOf(kernel);
  const shape = [inputsPerGroup * group, outputsPerGroup, ...kernel];
  return lateFloatTensor(shape, () => {
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
    return data;
  });
}
