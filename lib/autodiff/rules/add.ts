import { emitForward, oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Sum of two: Y = A + B, with broadcasting.
 *
 *     dA = dY,  dB = dY,  each summed over the axes along which it was repeated
 *
 * Y: the broadcast shape of A and B.
 *
 * Source: ONNX operator Add-14.
 */
export const addVjp: VjpRule = (context) => {
  const { graph, inputs, isActive } = context;
  const pullback = (dY: string) =>
    inputs.map((input, i) => (isActive(i) ? sumTo(graph, dY, graph.shapeOf(input)) : null));
  return {
    ...oneOutput(context, emitForward(context), pullback),
    isRectified: areAllRectified(context),
  };
};
