import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Error function: Y = 2 / sqrt(pi) times the integral of e^-t^2 from 0 to X.
 *
 *     dX = dY 2 / sqrt(pi) e^-X^2
 *
 * X, Y: any shape. GELU arrives as Erf and arithmetic: opset 18 has no Gelu.
 *
 * Source: ONNX operator Erf-13.
 */
export const erfVjp: VjpRule = (context) => {
  const { graph, mul } = context;
  return elementwise(context, (x) => {
    const bell = graph.emit("Exp", [graph.emit("Neg", [mul(x, x)])]);
    return mul(2 / Math.sqrt(Math.PI), bell);
  });
};
