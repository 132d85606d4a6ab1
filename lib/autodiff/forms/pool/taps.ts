import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import type { AxisWindow } from "../../../onnx/operators/window.ts";
import { floatTensor } from "../../../onnx/tensor.ts";

/** A one-dimensional pool along one axis of [N, C, H, W]; `padEnd` includes what ceil_mode adds. */
export interface PoolAxis {
  readonly graph: GraphBuilder;
  /** 2 is height, 3 width. */
  readonly axis: 2 | 3;
  readonly window: AxisWindow;
}

/** Two numbers, one along the axis and one across it, as [height, width]. */
export const pairAlong = (axis: 2 | 3) => (along: number, across: number) =>
  axis === 3 ? [across, along] : [along, across];

/** How the taps of a pool's windows are read and written. */
export interface Taps {
  /** 1 where tap `t` of a window holds the window's maximum `y`, else 0; shape of `y`. */
  readonly mask: (t: number, y: Value) => Value;
  readonly subtract: (a: Value, b: Value) => Value;
  /** `out[j] = value[j - offset]` for 0 <= j < `length` along the axis, 0 outside. */
  readonly place: (value: Value, offset: number, length: number) => Value;
}

/** Times any difference of two float32 activations larger than 1e-18 this exceeds 1. */
const STEEP = 2 ** 60;

/**
 * Taps by depthwise convolutions with one-hot kernels, for a rectified input on the CPU.
 *
 * Convolution, addition, multiplication and ReLU all run in ONNX Runtime's blocked layout (NCHWc),
 * so nothing is reordered between the network's convolutions and these. Padding reads as zero where
 * a max pool's is -infinity: right for rectified inputs alone, whose zeros pass no gradient on.
 *
 *     z = y - x_t >= 0;  mask = max(0, 1 - STEEP z)
 */
export function oneHotTaps({ graph, axis, window }: PoolAxis, x: Value): Taps {
  const { kernel, stride, padBegin, padEnd } = window;
  const channels = graph.shapeOf(x)[1]!;
  const pair = pairAlong(axis);

  const depthwise = (
    value: Value,
    size: number,
    hot: { readonly at: number; readonly value: number },
    { strideAlong = 1, begin = 0, end = 0, bias = 0 } = {},
  ): Value => {
    graph.reserve(channels * (size + 1), "the gradient of a max pool");
    const weight = new Float32Array(channels * size);
    for (let c = 0; c < channels; c++) weight[c * size + hot.at] = hot.value;
    const parameters = [graph.constant(floatTensor([channels, 1, ...pair(size, 1)], weight))];
    if (bias) {
      parameters.push(
        graph.constant(floatTensor([channels], new Float32Array(channels).fill(bias))),
      );
    }
    return graph.emit("Conv", [value, ...parameters], {
      kernel_shape: pair(size, 1),
      strides: pair(strideAlong, 1),
      pads: [...pair(begin, 0), ...pair(end, 0)],
      group: channels,
    });
  };
  const scaled = (value: Value, factor: number, bias = 0) =>
    depthwise(value, 1, { at: 0, value: factor }, { bias });
  const add = (a: Value, b: Value) => graph.emit("Add", [a, b]);

  return {
    mask: (t, y) => {
      const minusTap = depthwise(
        x,
        kernel,
        { at: t, value: -1 },
        { strideAlong: stride, begin: padBegin, end: padEnd },
      );
      // the bias has to come after the cancellation: 1 - STEEP y in one sum would lose the 1
      return graph.emit("Relu", [scaled(add(minusTap, y), -STEEP, 1)]);
    },
    subtract: (a, b) => add(scaled(b, -1), a),
    place: (value, offset, length) => {
      const given = graph.shapeOf(value)[axis]!;
      const begin = Math.max(offset, 0);
      const at = Math.max(-offset, 0);
      const size = Math.max(at + 1, 1 + given + begin - length);
      const end = length - given - begin + size - 1;
      if (size === 1 && begin === 0 && end === 0) return value;
      return depthwise(value, size, { at, value: 1 }, { begin, end });
    },
  };
}
