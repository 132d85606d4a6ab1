import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Sine: Y = sin X.
 *
 *     dX = dY cos X
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Sin-7.
 */
export const sinVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  return oneOutput(context, emitForward(context), (dY) => [mul(dY, graph.emit("Cos", [x]))]);
};
