import type { Value } from "../../onnx/model.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";

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
  const { mul } = context;
  const { x, keep } = reduction(context);
  const pull = (dY: Value) => [mul(x, keep(mul(dY, 2)))];
  return { ...oneOutput(context, emitForward(context), pull), isRectified: true };
};
