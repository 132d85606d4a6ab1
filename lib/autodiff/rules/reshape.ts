import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Reshape: Y = X, the same elements in row-major order under another shape.
 *
 *     dX = dY in the shape of X
 *
 * X, Y: any shapes of equal size.
 *
 * Source: ONNX operator Reshape-14.
 */
export const reshapeVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const pull = (dY: string) => [reshapeTo(graph, dY, graph.shapeOf(x))];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
