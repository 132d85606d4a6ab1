import type { Value } from "../../onnx/model.ts";
import { floatAttribute, intAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { movement } from "../forward.ts";
import { power } from "../power.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Local response normalisation across channels (AlexNet, GoogLeNet).
 *
 *     D  = bias + (alpha / size) S(X^2)      S: sum over a window of `size` channels
 *     Y  = X / D^beta
 *     T  = dY / D^beta
 *     dX = T - (2 alpha beta / size) X S'(T X / D)
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
  const reach = Math.max(window.before, window.after);

  const xs = forms.channelRuns(x, reach);
  const squares = xs.map((run) => mul(run, run));
  const ds = forms.windowSum(squares, { ...window, scale: alpha / size, bias });
  const roots = ds.map((d) => power(context, d, beta));
  const y = forms.joined(xs.map((run, i) => div(run, roots[i]!)));
  const pull = (dY: Value) => {
    const scale = (2 * alpha * beta) / size;
    const shares = forms.channelRunsLike(dY, xs).map((run, i) => div(run, roots[i]!));
    const products = shares.map((share, i) => div(mul(share, xs[i]!), ds[i]!));
    const spreads = forms.windowSum(products, { ...mirrored, scale, bias: 0 });
    return forms.joined(shares.map((share, i) => sub(share, mul(xs[i]!, spreads[i]!))));
  };
  return movement(context, pull, y);
};
