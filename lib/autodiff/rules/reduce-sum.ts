import { movement } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo } from "../shaping.ts";

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
  const { shape, keep } = reduction(context);
  return movement(context, (dY) => expandTo(context.graph, keep(dY), shape));
};
