import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Hyperbolic tangent: Y = tanh X.
 *
 *     dX = dY (1 - Y^2)
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Tanh-13.
 */
export const tanhVjp: VjpRule = (context) => {
  const { mul, sub } = context;
  return elementwise(context, (_, y) => sub(1, mul(y, y)));
};
