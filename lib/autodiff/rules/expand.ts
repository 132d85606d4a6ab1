import { movement } from "../forward.ts";
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
  const { graph, input } = context;
  return movement(context, (dY) => sumTo(graph, dY, graph.shapeOf(input(0))));
};
