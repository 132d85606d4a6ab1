import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Sum of squares over axes: Y = sum of X^2.
 *
 *     dX = 2 X dY
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. Zero only where
 * every X is, which then gets no gradient: rectified.
 *
 * Source: ONNX operator ReduceSumSquare-18.
 */
export const reduceSumSquareVjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const kept = keepDims(graph.shapeOf(x), reducedAxes(node, facts));
  const pull = (dY: string) => [mul(x, reshapeTo(graph, mul(dY, 2), kept))];
  return { ...oneOutput(context, emitForward(context), pull), isRectified: true };
};
