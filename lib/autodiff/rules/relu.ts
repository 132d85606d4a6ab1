import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { arithmetic } from "../arithmetic.ts";

/**
 * Rectifier: Y = max(X, 0).
 *
 *     dX = dY where Y > 0, else 0
 *
 * X, Y: any shape. The subgradient at X = 0 is 0, as in PyTorch.
 *
 * Where a MaxPool alone reads Y, the mask is left to it: Y > 0 exactly where the chosen X > 0, on a
 * tensor that the stride has made smaller. The pullback here is then the identity.
 *
 * Source: ONNX operator Relu-14.
 */
export const reluVjp: VjpRule = (context) => {
  const { mul } = arithmetic(context.graph);
  const y = emitForward(context);
  const isMaskDeferred = context.consumers.length === 1 && context.consumers[0] === "MaxPool";
  return {
    ...oneOutput(context, y, (dY) => [isMaskDeferred ? dY : mul(dY, context.forms.isPositive(y))]),
    isRectified: true,
  };
};
