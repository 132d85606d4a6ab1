import { elementwise } from "../forward.ts";
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
export const reluVjp: VjpRule = (context) => ({
  ...elementwise(context, (_, y) => context.forms.isPositive(y)),
  isRectified: true,
});
