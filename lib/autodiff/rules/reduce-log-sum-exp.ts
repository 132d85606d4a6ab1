import { keepDims } from "../../onnx/operators/axes.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Smooth maximum over axes: Y = log(sum of e^X).
 *
 *     dX = dY e^(X - Y)
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them.
 *
 * Source: ONNX operator ReduceLogSumExp-18.
 */
export const reduceLogSumExpVjp: VjpRule = (context) => {
  const { graph, node, facts, input } = context;
  const { mul, sub } = arithmetic(graph);
  const x = input(0);
  const kept = keepDims(graph.shapeOf(x), reducedAxes(node, facts));
  const y = emitForward(context);
  const pull = (dY: string) => {
    const share = graph.emit("Exp", [sub(x, reshapeTo(graph, y, kept))]);
    return [mul(reshapeTo(graph, dY, kept), share)];
  };
  return oneOutput(context, y, pull);
};
