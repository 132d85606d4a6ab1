import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Cosine: Y = cos X.
 *
 *     dX = -dY sin X
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Cos-7.
 */
export const cosVjp: VjpRule = (context) => {
  const { graph, input, mul } = context;
  const x = input(0);
  return oneOutput(context, emitForward(context), (dY) => [
    graph.emit("Neg", [mul(dY, graph.emit("Sin", [x]))]),
  ]);
};
