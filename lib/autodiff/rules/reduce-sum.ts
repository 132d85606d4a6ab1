import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { movement } from "../forward.ts";
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
  const { graph, node, facts, input } = context;
  const shape = graph.shapeOf(input(0));
  const kept = keepDims(shape, reducedAxes(node, facts));
  return movement(context, (dY) => expandTo(graph, reshapeTo(graph, dY, kept), shape));
};
