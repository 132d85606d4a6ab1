import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Reshape, Flatten, Squeeze and Unsqueeze: Y = X, the same elements in row-major order under
 * another shape.
 *
 *     dX = dY in the shape of X
 *
 * X, Y: any shapes of equal size.
 *
 * Source: ONNX operators Reshape-14, Flatten-13, Squeeze-13, Unsqueeze-13.
 */
export const reshapeVjp: VjpRule = (context) => {
  const { graph, input } = context;
  return movement(context, (dY) => reshapeTo(graph, dY, graph.shapeOf(input(0))));
};
