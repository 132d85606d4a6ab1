import { keepDims, reducedAxes } from "../axes.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo, reshapeTo } from "../shaping.ts";

/**
 * Sum over axes: Y = sum of X.
 *
 *     dX = dY, repeated along the summed axes
 *
 * X: any shape; Y: the same with the summed axes of length 1, or without them. The output of a
 * rectified input is rectified: a sum of zeros only is zero.
 *
 * Source: ONNX operator ReduceSum-13.
 */
export const reduceSumVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const shape = graph.shapeOf(inputs[0]!);
  const kept = keepDims(shape, reducedAxes(context));
  const pull = (dY: string) => [expandTo(graph, reshapeTo(graph, dY, kept), shape)];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
