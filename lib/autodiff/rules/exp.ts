import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Exponential: Y = e^X.
 *
 *     dX = dY Y
 *
 * X, Y: any shape. Y is zero only by underflow, where dX is zero too: rectified.
 *
 * Source: ONNX operator Exp-13.
 */
export const expVjp: VjpRule = (context) => {
  const { mul } = arithmetic(context.graph);
  const y = emitForward(context);
  return { ...oneOutput(context, y, (dY) => [mul(dY, y)]), isRectified: true };
};
