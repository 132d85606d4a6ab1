import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { arithmetic } from "../arithmetic.ts";
import { firstMatch } from "../first-match.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Maximum or minimum over axes: Y = max of X, or min of X.
 *
 *     dX = dY at the first X equal to Y in row-major order, else 0
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. Of equal extrema
 * the first takes the whole gradient (PyTorch's amax and amin would share it), as in max pooling.
 *
 * Source: ONNX operators ReduceMax-18, ReduceMin-18.
 */
export const reduceExtremumVjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const axes = reducedAxes(node, facts);
  const kept = keepDims(graph.shapeOf(x), axes);
  const y = emitForward(context);
  const pull = (dY: string) => [
    mul(reshapeTo(graph, dY, kept), firstMatch(context, { x, y: reshapeTo(graph, y, kept), axes })),
  ];
  return { ...oneOutput(context, y, pull), isRectified: context.isRectified(0) };
};
