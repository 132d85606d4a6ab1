import type { Value } from "../../onnx/model.ts";
import { broadcastOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";

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
  const { graph, inputs, mul } = context;
  const share = 1 / inputs.length;
  const pull = (dY: Value) => {
    const dA = mul(dY, share);
    return inputs.map(() => () => dA);
  };
  return {
    ...broadcastOutput(context, mul(graph.emit("Sum", inputs), share), pull),
    isRectified: areAllRectified(context),
  };
};
