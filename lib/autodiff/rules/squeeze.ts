import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Squeeze: Y = X without axes of length 1.
 *
 *     dX = dY in the shape of X
 *
 * X: any shape; Y: the same without those axes.
 *
 * Source: ONNX operator Squeeze-13.
 */
export const squeezeVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const pull = (dY: string) => [reshapeTo(graph, dY, graph.shapeOf(x))];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
