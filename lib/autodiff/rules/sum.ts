import { broadcastOutput, emitForward } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Add and Sum: Y = A1 + A2 + ..., with broadcasting.
 *
 *     dAi = dY, summed over the axes along which Ai was repeated
 *
 * Y: the broadcast shape of all.
 *
 * Source: ONNX operators Add-14, Sum-13.
 */
export const sumVjp: VjpRule = (context) => ({
  ...broadcastOutput(context, emitForward(context), (dY) => context.inputs.map(() => () => dY)),
  isRectified: areAllRectified(context),
});
