import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Product: Y = A B, elementwise with broadcasting.
 *
 *     dA = dY B,  dB = dY A,  each summed over the axes along which it was repeated
 *
 * Y: the broadcast shape of A and B; both may be the same value.
 *
 * Source: ONNX operator Mul-14.
 */
export const mulVjp: VjpRule = (context) => {
  const { graph, inputs, isActive } = context;
  const { mul } = arithmetic(graph);
  const [a = "", b = ""] = inputs;
  const pullback = (dY: string) => [
    isActive(0) ? sumTo(graph, mul(dY, b), graph.shapeOf(a)) : null,
    isActive(1) ? sumTo(graph, mul(dY, a), graph.shapeOf(b)) : null,
  ];
  return {
    ...oneOutput(context, emitForward(context), pullback),
    isRectified: areAllRectified(context),
  };
};
