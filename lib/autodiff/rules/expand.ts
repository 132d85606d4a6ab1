import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { sumTo } from "../shaping.ts";

/**
 * Broadcast to a shape: Y = X, repeated.
 *
 *     dX = dY summed over the axes along which X was repeated
 *
 * Y: the broadcast of X's shape and the one given.
 *
 * Source: ONNX operator Expand-13.
 */
export const expandVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const pull = (dY: string) => [sumTo(graph, dY, graph.shapeOf(x))];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
