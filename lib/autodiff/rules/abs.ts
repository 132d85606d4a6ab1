import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
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
export const absVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const y = emitForward(context);
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, graph.emit("Sign", [x]))]),
    isRectified: true,
  };
};
