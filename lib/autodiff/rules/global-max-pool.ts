import { arithmetic } from "../arithmetic.ts";
import { firstMatch } from "../first-match.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Maximum of each channel: Y = max of X over all places.
 *
 *     dX = dY at the first maximum in row-major order, else 0
 *
 * X: [N, C, D1, D2, ...], Y: [N, C, 1, 1, ...]. Of equal maxima the first takes the whole gradient,
 * as in PyTorch.
 *
 * Source: ONNX operator GlobalMaxPool-1.
 */
export const globalMaxPoolVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const axes = graph.shapeOf(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const y = emitForward(context);
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, firstMatch(context, { x, y, axes }))]),
    isRectified: context.isRectified(0),
  };
};
