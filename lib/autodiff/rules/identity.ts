import { emitForward, oneOutput } from "../forward.ts";
import type { Rule } from "../rule.ts";

/**
 * Identity: Y = X.
 *
 *     dX = dY
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Identity-16.
 */
export const identityRule: Rule = (context) => ({
  ...oneOutput(context, emitForward(context), (dY) => [dY]),
  isRectified: context.isRectified(0),
});
