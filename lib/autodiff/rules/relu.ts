import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Rectifier: Y = max(X, 0).
 *
 *     dX = dY where Y > 0, else 0
 *
 * X, Y: any shape. The subgradient at X = 0 is 0, as in PyTorch.
 *
 * Source: ONNX operator Relu-14.
 */
export const reluVjp: VjpRule = (context) => {
  const { graph, forms } = context;
  const { mul } = arithmetic(graph);
  const y = emitForward(context);
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, forms.isPositive(y))]),
    isRectified: true,
  };
};
