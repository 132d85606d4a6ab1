import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";
import type { ChannelWindow } from "./forms.ts";

/** A sum over a window of channels as a 1x1 convolution with a banded matrix. */
export function channelConv(graph: GraphBuilder, value: Value, window: ChannelWindow): Value {
  const [, channels = 1] = graph.shapeOf(value);
  graph.reserve(channels ** 2, "a sum over a window of channels");
  const parameters = [graph.constant(channelBand(channels, window))];
  if (window.bias !== 0) {
    const biases = new Float32Array(channels).fill(window.bias);
    parameters.push(graph.constant(floatTensor([channels], biases)));
  }
  return graph.emit("Conv", [value, ...parameters], { kernel_shape: [1, 1] });
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

/** [C, C, 1, 1]: `scale` where input channel j is in output channel i's window. */
function channelBand(channels: number, { before, after, scale }: ChannelWindow): FloatTensor {
  const data = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    const first = Math.max(0, i - before);
    const last = Math.min(channels - 1, i + after);
    data.fill(scale, i * channels + first, i * channels + last + 1);
  }
  return floatTensor([channels, channels, 1, 1], data);
}
