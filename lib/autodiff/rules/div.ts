import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Quotient: Y = A / B, elementwise with broadcasting.
 *
 *     dA = dY / B,  dB = -dY Y / B,  each summed over the axes along which it was repeated
 *
 * Y: the broadcast shape of A and B.
 *
 * Source: ONNX operator Div-14.
 */
export const divVjp: VjpRule = (context) => {
  const { graph, input, div, mul } = context;
  const [a, b] = [input(0), input(1)];
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => {
    const quotient = div(dY, b);
    return [
      () => sumTo(graph, quotient, graph.shapeOf(a)),
      () => graph.emit("Neg", [sumTo(graph, mul(quotient, y), graph.shapeOf(b))]),
    ];
  });
};
