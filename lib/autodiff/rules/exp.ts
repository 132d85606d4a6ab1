import { elementwise } from "../forward.ts";
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
export const expVjp: VjpRule = (context) => ({
  ...elementwise(context, (_, y) => y),
  isRectified: true,
});
