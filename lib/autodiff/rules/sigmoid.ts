import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Logistic function: Y = 1 / (1 + e^-X).
 *
 *     dX = dY Y (1 - Y)
 *
 * X, Y: any shape. Y is zero only by underflow, where dX is zero too: rectified.
 *
 * Source: ONNX operator Sigmoid-13.
 */
export const sigmoidVjp: VjpRule = (context) => {
  const { mul, sub } = arithmetic(context.graph);
  const y = emitForward(context);
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, mul(y, sub(1, y)))]),
    isRectified: true,
  };
};
