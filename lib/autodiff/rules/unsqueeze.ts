import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Unsqueeze: Y = X with axes of length 1 put in.
 *
 *     dX = dY in the shape of X
 *
 * X: any shape; Y: the same with those axes.
 *
 * Source: ONNX operator Unsqueeze-13.
 */
export const unsqueezeVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const pull = (dY: string) => [reshapeTo(graph, dY, graph.shapeOf(x))];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
