import { arithmetic } from "../arithmetic.ts";
import { oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Mean of n tensors: Y = (A1 + ... + An) / n, with broadcasting.
 *
 *     dAi = dY / n, summed over the axes along which Ai was repeated
 *
 * Y: the broadcast shape of all. Emitted as Sum and Mul: Mean has no CUDA kernel.
 *
 * Source: ONNX operator Mean-13.
 */
export const meanVjp: VjpRule = (context) => {
  const { graph, inputs, isActive } = context;
  const { mul } = arithmetic(graph);
  const share = 1 / inputs.length;
  const y = mul(graph.emit("Sum", inputs), share);
  const pullback = (dY: string) => {
    const dA = mul(dY, share);
    return inputs.map((input, i) => (isActive(i) ? sumTo(graph, dA, graph.shapeOf(input)) : null));
  };
  return { ...oneOutput(context, y, pullback), isRectified: areAllRectified(context) };
};
