import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

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
  const { graph, forms, inputs, isActive } = context;
  const { add, mul, sub } = arithmetic(graph);
  const [x = "", s = ""] = inputs;
  const y = emitForward(context);
  const pullX = (dY: string) => mul(dY, add(s, mul(sub(1, s), forms.isPositive(x))));
  const pullS = (dY: string) =>
    sumTo(graph, mul(dY, graph.emit("Min", [x, graph.scalar(0)])), graph.shapeOf(s));
  return oneOutput(context, y, (dY) => [
    isActive(0) ? pullX(dY) : null,
    isActive(1) ? pullS(dY) : null,
  ]);
};
