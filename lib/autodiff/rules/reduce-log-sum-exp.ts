import { emitForward, oneOutput } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";

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
  const { graph, mul, sub } = context;
  const { x, keep } = reduction(context);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => {
    const share = graph.emit("Exp", [sub(x, keep(y))]);
    return [mul(keep(dY), share)];
  });
};
