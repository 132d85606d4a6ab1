import { parsePool, withStatedPads } from "../../onnx/operators/pool.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Max pooling: Y = max over each window of X.
 *
 *     dX[j] = sum of dY[i] over the windows i whose first maximum, in row-major order, is j
 *
 * X: [N, C, ...], Y and the indices of the maxima, which have no gradient: [N, C, ...]; any window,
 * stride, pads, dilation and ceil_mode. The first of equal maxima takes the whole gradient, as in
 * PyTorch. Ties are common: overlapping pools emit the same value in neighbouring cells, which the
 * next pool reads. A plain X = Y mask would count them all (relative error 0.6 to 0.9 on
 * GoogLeNet).
 *
 * Forms: `forms/pool/separable.ts`, one axis after the other (with the taps of `forms/pool/taps.ts`
 * for rectified X); `forms/pool/scattered.ts`, to the indices that MaxPool itself gives;
 * `forms/pool/tapwise.ts`, tap by tap, where there are none.
 *
 * Source: ONNX operator MaxPool-12.
 */
export const maxPoolVjp: VjpRule = (context) => {
  const { graph, node, input, facts, forms } = context;
  const { windows } = parsePool(node, facts);
  const isRectified = context.isRectified(0);
  const attributes = withStatedPads(node, { windows });
  const { y, pullback } = forms.maxPool(input(0), { windows, attributes, isRectified });
  const [, indices] = node.outputs[1] ? graph.emitMany("MaxPool", [input(0)], attributes, 2) : [];
  const step = oneOutput(context, y, (dY) => [pullback(dY)]);
  return { ...step, outputs: indices ? [y, indices] : [y], isRectified };
};
