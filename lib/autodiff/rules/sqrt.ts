import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Square root: Y = sqrt(X).
 *
 *     dX = dY / (2 Y)
 *
 * X, Y: any shape. Infinite at X = 0, as in PyTorch.
 *
 * Source: ONNX operator Sqrt-13.
 */
export const sqrtVjp: VjpRule = (context) => {
  const { div, mul } = context;
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [div(dY, mul(2, y))]);
};
