import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatAttribute, intAttribute } from "../../onnx/node.ts";
import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { power } from "../power.ts";
import type { Provider } from "../provider.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Local response normalisation across channels (AlexNet, GoogLeNet).
 *
 *     D  = bias + (alpha / size) S(X^2)      S: sum over a window of `size` channels
 *     Y  = X / D^beta
 *     dX = dY / D^beta - (2 alpha beta / size) X S'(dY Y / D)
 *
 * X, Y, dY, dX: [N, C, H, W]. The window of channel c runs from c - floor((size-1)/2) to
 * c + ceil((size-1)/2); S' is its adjoint, the same window mirrored. On the CPU S is a 1x1 convolution with a
 * banded matrix, a third of the time of the LRN operator, whose Pow dominates; on CUDA an average
 * pool over the channel axis, which stays exact where convolutions round to TF32.
 *
 * Source: ONNX operator LRN-13; Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep
 * Convolutional Neural Networks", 2012, section 3.3.
 *
 * @throws UnsupportedGradientError if X is not 4-D.
 */
export const lrnVjp: VjpRule = (context) => {
  const { graph, node, inputs, provider } = context;
  const [x = ""] = inputs;
  const alpha = floatAttribute(node, "alpha", 1e-4);
  const beta = floatAttribute(node, "beta", 0.75);
  const bias = floatAttribute(node, "bias", 1);
  const size = intAttribute(node, "size");
  const shape = graph.shapeOf(x);
  if (shape.length !== 4) {
    throw new UnsupportedGradientError(
      node,
      `its input has shape [${shape.join(", ")}]`,
      "reshape it to [N, C, H, W]",
    );
  }

  const mul = (a: Value, b: Value) => graph.emit("Mul", [a, b]);
  const div = (a: Value, b: Value) => graph.emit("Div", [a, b]);
  const before = Math.floor((size - 1) / 2);
  const window = { before, after: size - 1 - before };
  const mirrored = { before: window.after, after: window.before };

  const d = windowSum(graph, provider, mul(x, x), { ...window, scale: alpha / size, bias });
  const dToBeta = power(graph, d, beta);
  const y = div(x, dToBeta);
  return {
    outputs: [y],
    isRectified: context.isRectified(0),
    pullback: ([dY]) => {
      if (!dY) return [null];
      const scale = (2 * alpha * beta) / size;
      const spread = windowSum(graph, provider, div(mul(dY, y), d), {
        ...mirrored,
        scale,
        bias: 0,
      });
      return [graph.emit("Sub", [div(dY, dToBeta), mul(x, spread)])];
    },
  };
};

interface WindowSum {
  /** Channels of the window before and after its own. */
  readonly before: number;
  readonly after: number;
  readonly scale: number;
  readonly bias: number;
}

/** bias + scale * (sum of `value` over the window's channels); [N, C, H, W]. */
function windowSum(
  graph: GraphBuilder,
  provider: Provider,
  value: Value,
  { before, after, scale, bias }: WindowSum,
): Value {
  const [n = 1, channels = 1, height = 1, width = 1] = graph.shapeOf(value);
  if (provider === "cpu") {
    const band = graph.constant(channelBand(channels, { before, after, scale }));
    const biases = new Float32Array(channels).fill(bias);
    const parameters = bias === 0 ? [] : [graph.constant(floatTensor([channels], biases))];
    return graph.emit("Conv", [value, band, ...parameters], { kernel_shape: [1, 1] });
  }
  const size = before + after + 1;
  const asColumns = graph.emit("Reshape", [value, graph.ints([n, 1, channels, height * width])]);
  // a pool may not be padded by its own size or more
  const mean = graph.emit("AveragePool", [asColumns], {
    kernel_shape: [size, 1],
    pads: [before, 0, after, 0],
    count_include_pad: 1,
  });
  const sum = graph.emit("Mul", [mean, graph.scalar(size * scale)]);
  const biased = bias === 0 ? sum : graph.emit("Add", [sum, graph.scalar(bias)]);
  return graph.emit("Reshape", [biased, graph.ints([n, channels, height, width])]);
}

/** [C, C, 1, 1]: `scale` where input channel j is in output channel i's window. */
function channelBand(
  channels: number,
  { before, after, scale }: Omit<WindowSum, "bias">,
): FloatTensor {
  const data = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    const first = Math.max(0, i - before);
    const last = Math.min(channels - 1, i + after);
    data.fill(scale, i * channels + first, i * channels + last + 1);
  }
  return floatTensor([channels, channels, 1, 1], data);
}
