import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Identity: Y = X.
 *
 *     dX = dY
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Identity-16.
 */
export const identityVjp: VjpRule = (context) => ({
  ...oneOutput(context, emitForward(context), (dY) => [dY]),
  isRectified: context.isRectified(0),
});
