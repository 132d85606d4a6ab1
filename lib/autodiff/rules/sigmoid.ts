import { elementwise } from "../forward.ts";
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
  const { mul, sub } = context;
  return { ...elementwise(context, (_, y) => mul(y, sub(1, y))), isRectified: true };
};
