import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Absolute value: Y = |X|.
 *
 *     dX = dY sign(X)
 *
 * X, Y: any shape. sign(0) = 0, as in PyTorch, so the output is rectified.
 *
 * Source: ONNX operator Abs-13.
 */
export const absVjp: VjpRule = (context) => ({
  ...elementwise(context, (x) => context.graph.emit("Sign", [x])),
  isRectified: true,
});
