import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/** Square root of the smallest normal float32: a length below it is 0 by underflow. */
const SHORTEST = 1.0842e-19;

/**
 * Length over axes: Y = sqrt(sum of X^2).
 *
 *     dX = X dY / Y, and 0 where Y = 0
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. Zero at the corner,
 * as in PyTorch, so the output is rectified.
 *
 * Source: ONNX operator ReduceL2-18.
 */
export const reduceL2Vjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { div, mul } = arithmetic(graph);
  const x = input(0);
  const kept = keepDims(graph.shapeOf(x), reducedAxes(node, facts));
  const y = emitForward(context);
  const pull = (dY: string) => {
    const length = graph.emit("Max", [y, graph.scalar(SHORTEST)]);
    return [mul(x, reshapeTo(graph, div(dY, length), kept))];
  };
  return { ...oneOutput(context, y, pull), isRectified: true };
};
