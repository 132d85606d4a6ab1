import { broadcastOutput, emitForward } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";

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
  const { input, mul } = context;
  const [a, b] = [input(0), input(1)];
  return {
    ...broadcastOutput(context, emitForward(context), (dY) => [() => mul(dY, b), () => mul(dY, a)]),
    isRectified: areAllRectified(context),
  };
};
