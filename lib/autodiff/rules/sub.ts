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
  const { graph, input, isActive } = context;
  const [a, b] = [input(0), input(1)];
  return oneOutput(context, emitForward(context), (dY) => [
    isActive(0) ? sumTo(graph, dY, graph.shapeOf(a)) : null,
    // negated after the sum, where it is smaller
    isActive(1) ? graph.emit("Neg", [sumTo(graph, dY, graph.shapeOf(b))]) : null,
  ]);
};
