import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { arithmetic } from "../arithmetic.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo, reshapeTo } from "../shaping.ts";

/**
 * Mean over axes: Y = sum of X / n.
 *
 *     dX = dY / n, repeated along the reduced axes
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them; n: elements per
 * mean.
 *
 * Source: ONNX operator ReduceMean-18.
 */
export const reduceMeanVjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { mul } = arithmetic(graph);
  const shape = graph.shapeOf(input(0));
  const kept = keepDims(shape, reducedAxes(node, facts));
  const n = sizeOf(shape) / sizeOf(kept);
  return movement(context, (dY) => expandTo(graph, reshapeTo(graph, mul(dY, 1 / n), kept), shape));
};
