import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Difference: Y = A - B, with broadcasting.
 *
 *     dA = dY,  dB = -dY,  each summed over the axes along which it was repeated
 *
 * Y: the broadcast shape of A and B.
 *
 * Source: ONNX operator Sub-14.
 */
export const subVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const [a, b] = [input(0), input(1)];
  return oneOutput(context, emitForward(context), (dY) => [
    () => sumTo(graph, dY, graph.shapeOf(a)),
    // negated after the sum, where it is smaller
    () => graph.emit("Neg", [sumTo(graph, dY, graph.shapeOf(b))]),
  ]);
};
