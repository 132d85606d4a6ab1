import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Natural logarithm: Y = log X.
 *
 *     dX = dY / X
 *
 * X, Y: any shape. Infinite at X = 0, as in PyTorch.
 *
 * Source: ONNX operator Log-13.
 */
export const logVjp: VjpRule = (context) => {
  const { div } = context;
  const x = context.input(0);
  return oneOutput(context, emitForward(context), (dY) => [div(dY, x)]);
};
