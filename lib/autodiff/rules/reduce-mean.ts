import { sizeOf } from "../../onnx/tensor.ts";
import { arithmetic } from "../arithmetic.ts";
import { keepDims, reducedAxes } from "../axes.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo, reshapeTo } from "../shaping.ts";

/**
 * Mean over axes: Y = sum of X / n.
 *
 *     dX = dY / n, repeated along the reduced axes
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them; n: elements per mean.
 *
 * Source: ONNX operator ReduceMean-18.
 */
export const reduceMeanVjp: VjpRule = (context) => {
  const { graph, inputs } = context;
  const { mul } = arithmetic(graph);
  const shape = graph.shapeOf(inputs[0]!);
  const kept = keepDims(shape, reducedAxes(context));
  const n = sizeOf(shape) / sizeOf(kept);
  const pull = (dY: string) => [expandTo(graph, reshapeTo(graph, mul(dY, 1 / n), kept), shape)];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
