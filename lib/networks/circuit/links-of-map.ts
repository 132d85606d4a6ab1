import { countTo, stridesOf } from "../../onnx/operators/elements.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import type { LayerWithChannels } from "../layers.ts";
import type { Link } from "./linked-channel.ts";

/**
 * Weights of all a layer's elements as links, one for each channel: its kernel is the smallest
 * window of the map that has all weights of all channels. None where every weight is 0.
 *
 * @param weights of the layer's own shape
 */
export function linksOfMap(
  { shape, data }: FloatTensor,
  layer: LayerWithChannels,
): readonly Link[] {
  if (data.every((weight) => weight === 0)) return [];
  const { channelAxis, batchAxis, parts } = layer;
  const strides = stridesOf(shape);
  const axes = [...shape.keys()].filter(
    (axis) => axis !== channelAxis && (axis !== batchAxis || parts > 1),
  );
  const window = axes.map((axis) => {
    const indexOf = (at: number) => Math.floor(at / strides[axis]!) % shape[axis]!;
    let [first, last] = [shape[axis]!, -1];
    data.forEach((weight, at) => {
      if (weight === 0) return;
      first = Math.min(first, indexOf(at));
      last = Math.max(last, indexOf(at));
    });
    return { axis, first, length: last - first + 1 };
  });
  // where each of the window's elements lies behind its channel's first, row by row
  const steps = window.reduce<readonly number[]>(
    (before, { axis, first, length }) =>
      before.flatMap((at) => countTo(length).map((i) => at + (first + i) * strides[axis]!)),
    [0],
  );
  const kernelShape = window.map(({ length }) => length);
  return countTo(layer.channels).map((place) => ({
    layer,
    channel: place + 1,
    place: [],
    kernel: steps.map((step) => data[place * strides[channelAxis]! + step]!),
    kernelShape,
  }));
}
