import type { Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";

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
  const { graph, mul } = context;
  const { x, keep } = reduction(context);
  const pull = (dY: Value) => [mul(keep(dY), graph.emit("Sign", [x]))];
  return { ...oneOutput(context, emitForward(context), pull), isRectified: true };
};
