import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Flatten to a matrix: Y = X with the axes before `axis` and those from it on merged.
 *
 *     dX = dY in the shape of X
 *
 * X: [d1, ..., dn]; Y: [d1 ... d(axis-1), d(axis) ... dn].
 *
 * Source: ONNX operator Flatten-13.
 */
export const flattenVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const [x = ""] = inputs;
  const pull = (dY: string) => [reshapeTo(graph, dY, graph.shapeOf(x))];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
