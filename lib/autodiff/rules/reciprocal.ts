import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Reciprocal: Y = 1 / X.
 *
 *     dX = -dY Y^2
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Reciprocal-13.
 */
export const reciprocalVjp: VjpRule = (context) => {
  const { graph, mul } = context;
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [graph.emit("Neg", [mul(dY, mul(y, y))])]);
};
