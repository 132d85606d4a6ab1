import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";
import { slice } from "../shaping.ts";
import type { ChannelWindow } from "./forms.ts";

/**
 * A sum over a window of channels, run by run: each with the channels of its neighbours that the
 * window reaches, times a banded matrix.
 */
export function runSums(
  graph: GraphBuilder,
  runs: readonly Value[],
  window: ChannelWindow,
): readonly Value[] {
  const lengthOf = (run: Value) => graph.shapeOf(run)[1]!;
  const edge = (run: Value | undefined, start: number, end: number) =>
    run === undefined || start === end ? [] : [slice(graph, run, { axis: 1, start, end })];
  return runs.map((run, i) => {
    const [previous, next] = [runs[i - 1], runs[i + 1]];
    const from = previous === undefined ? 0 : lengthOf(previous);
    const before = edge(previous, from - window.before, from);
    const after = edge(next, 0, window.after);
    const parts = [...before, run, ...after];
    const wide = parts.length === 1 ? run : graph.emit("Concat", parts, { axis: 1 });
    return bandSum(graph, wide, window, {
      first: before.length === 0 ? 0 : window.before,
      length: lengthOf(run),
    });
  });
}

/** Which of the channels of a value are wanted. */
interface Wanted {
  readonly first: number;
  readonly length: number;
}

function bandSum(graph: GraphBuilder, value: Value, window: ChannelWindow, wanted: Wanted): Value {
  const [n = 1, channels = 1, height = 1, width = 1] = graph.shapeOf(value);
  graph.reserve(channels * wanted.length, "a sum over a window of channels");
  const band = graph.constant(channelBand(channels, window, wanted));
  const rows = graph.emit("Reshape", [value, graph.ints([n, channels, height * width])]);
  const sum = graph.emit("MatMul", [band, rows]);
  const biased = window.bias === 0 ? sum : graph.emit("Add", [sum, graph.scalar(window.bias)]);
  return graph.emit("Reshape", [biased, graph.ints([n, wanted.length, height, width])]);
}

/**
 * A sum over a window of channels as an average pool along the channel axis, which stays exact
 * where convolutions round to TF32.
 */
export function channelPool(
  graph: GraphBuilder,
  value: Value,
  { before, after, scale, bias }: ChannelWindow,
): Value {
  const shape = graph.shapeOf(value);
  const [n = 1, channels = 1, height = 1, width = 1] = shape;
  const size = before + after + 1;
  const columns = graph.emit("Reshape", [value, graph.ints([n, 1, channels, height * width])]);
  const mean = graph.emit("AveragePool", [columns], {
    kernel_shape: [size, 1],
    pads: [before, 0, after, 0],
    count_include_pad: 1,
  });
  const sum = graph.emit("Mul", [mean, graph.scalar(size * scale)]);
  const biased = bias === 0 ? sum : graph.emit("Add", [sum, graph.scalar(bias)]);
  return graph.emit("Reshape", [biased, graph.ints(shape)]);
}

/** [wanted, C]: `scale` where channel j is in the window of the wanted channel i. */
function channelBand(
  channels: number,
  { before, after, scale }: ChannelWindow,
  wanted: Wanted,
): FloatTensor {
  const data = new Float32Array(wanted.length * channels);
  for (let i = 0; i < wanted.length; i++) {
    const first = Math.max(0, wanted.first + i - before);
    const last = Math.min(channels - 1, wanted.first + i + after);
    data.fill(scale, i * channels + first, i * channels + last + 1);
  }
  return floatTensor([wanted.length, channels], data);
}
