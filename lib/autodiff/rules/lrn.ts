import type { Value } from "../../onnx/model.ts";
import { floatAttribute, intAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import { power } from "../power.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Local response normalisation across channels (AlexNet, GoogLeNet).
 *
 *     D  = bias + (alpha / size) S(X^2)      S: sum over a window of `size` channels
 *     Y  = X / D^beta
 *     dX = dY / D^beta - (2 alpha beta / size) X S'(dY Y / D)
 *
 * X, Y, dY, dX: [N, C, H, W]. The window of channel c is the channels c - floor((size-1)/2) ...
 * c + ceil((size-1)/2); S' is its adjoint, the same window mirrored. Emitted as its definition: the
 * LRN operator takes three times as long on the CPU, most of it for Pow.
 *
 * Source: ONNX operator LRN-13; Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep
 * Convolutional Neural Networks", 2012, section 3.3.
 *
 * @throws UnsupportedGradientError if X is not 4-D.
 */
export const lrnVjp: VjpRule = (context) => {
  const { graph, node, input, forms, div, mul, sub } = context;
  const x = input(0);
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

  const before = Math.floor((size - 1) / 2);
  const window = { before, after: size - 1 - before };
  const mirrored = { before: window.after, after: window.before };

  const d = forms.windowSum(mul(x, x), { ...window, scale: alpha / size, bias });
  const dToBeta = power(context, d, beta);
  const y = div(x, dToBeta);
  const pull = (dY: Value) => {
    const scale = (2 * alpha * beta) / size;
    const spread = forms.windowSum(div(mul(dY, y), d), { ...mirrored, scale, bias: 0 });
    return [sub(div(dY, dToBeta), mul(x, spread))];
  };
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};
