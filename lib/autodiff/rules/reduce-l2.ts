import type { Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";

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
  const { graph, div, mul } = context;
  const { x, keep } = reduction(context);
  const y = emitForward(context);
  const length = () => graph.emit("Max", [y, graph.scalar(SHORTEST)]);
  const pull = (dY: Value) => [mul(x, keep(div(dY, length())))];
  return { ...oneOutput(context, y, pull), isRectified: true };
};
