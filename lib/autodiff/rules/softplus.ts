import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Smooth rectifier: Y = log(1 + e^X).
 *
 *     dX = dY / (1 + e^-X)
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Softplus-1.
 */
export const softplusVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [mul(dY, graph.emit("Sigmoid", [x]))]);
};
