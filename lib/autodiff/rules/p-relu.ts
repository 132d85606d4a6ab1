import { broadcastOutput, emitForward } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Rectifier with a slope per element: Y = X where X > 0, else S X.
 *
 *     dX = dY (S + (1 - S) [X > 0]),    dS = dY min(X, 0), summed over the axes S is repeated along
 *
 * X, Y: any shape; S broadcasts to it. The slope at X = 0 is S, as in PyTorch.
 *
 * Source: ONNX operator PRelu-16.
 */
export const pReluVjp: VjpRule = (context) => {
  const { graph, input, forms, add, mul, sub } = context;
  const [x, s] = [input(0), input(1)];
  return broadcastOutput(context, emitForward(context), (dY) => [
    () => mul(dY, add(s, mul(sub(1, s), forms.isPositive(x)))),
    () => mul(dY, graph.emit("Min", [x, graph.scalar(0)])),
  ]);
};
