import { emitForward, oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

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
  const { graph, inputs, isActive } = context;
  const [c = "", a = "", b = ""] = inputs;
  const zero = graph.scalar(0);
  const select = (yes: string, no: string) => graph.emit("Where", [c, yes, no]);
  const pull = (dY: string) => [
    null,
    isActive(1) ? sumTo(graph, select(dY, zero), graph.shapeOf(a)) : null,
    isActive(2) ? sumTo(graph, select(zero, dY), graph.shapeOf(b)) : null,
  ];
  const values = {
    ...context,
    inputs: [a, b],
    isRectified: (i: number) => context.isRectified(i + 1),
  };
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: areAllRectified(values),
  };
};
