import { emitForward, oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Sum of any number: Y = A1 + A2 + ..., with broadcasting.
 *
 *     dAi = dY, summed over the axes along which Ai was repeated
 *
 * Y: the broadcast shape of all.
 *
 * Source: ONNX operator Sum-13.
 */
export const sumVjp: VjpRule = (context) => {
  const { graph, inputs, isActive } = context;
  const pullback = (dY: string) =>
    inputs.map((input, i) => (isActive(i) ? sumTo(graph, dY, graph.shapeOf(input)) : null));
  return {
    ...oneOutput(context, emitForward(context), pullback),
    isRectified: areAllRectified(context),
  };
};
