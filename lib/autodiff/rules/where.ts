import type { Value } from "../../onnx/model.ts";
import { broadcastOutput, emitForward } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Selection: Y = A where C, else B, with broadcasting.
 *
 *     dA = dY where C, else 0;   dB = 0 where C, else dY;   summed over repeated axes
 *
 * C: booleans, through which no gradient flows; Y: the broadcast shape of all three.
 *
 * Source: ONNX operator Where-16.
 */
export const whereVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const c = input(0);
  const zero = graph.scalar(0);
  const select = (yes: Value, no: Value) => graph.emit("Where", [c, yes, no]);
  const pull = (dY: Value) => [() => dY, () => select(dY, zero), () => select(zero, dY)];
  return {
    ...broadcastOutput(context, emitForward(context), pull),
    isRectified: areAllRectified(context, [1, 2]),
  };
};
