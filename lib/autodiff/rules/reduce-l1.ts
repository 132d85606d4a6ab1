import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Sum of magnitudes over axes: Y = sum of |X|.
 *
 *     dX = dY sign(X)
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. sign(0) = 0, as in
 * PyTorch, so the output is rectified.
 *
 * Source: ONNX operator ReduceL1-18.
 */
export const reduceL1Vjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const kept = keepDims(graph.shapeOf(x), reducedAxes(node, facts));
  const pull = (dY: string) => [mul(reshapeTo(graph, dY, kept), graph.emit("Sign", [x]))];
  return { ...oneOutput(context, emitForward(context), pull), isRectified: true };
};
