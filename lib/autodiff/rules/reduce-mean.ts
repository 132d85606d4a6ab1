import { sizeOf } from "../../onnx/tensor.ts";
import { movement } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo } from "../shaping.ts";

/**
 * Mean over axes, or of each channel (GlobalAveragePool): Y = sum of X / n.
 *
 *     dX = dY / n, repeated along the reduced axes
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them; n: elements per
 * mean.
 *
 * Source: ONNX operators ReduceMean-18, GlobalAveragePool-1.
 */
export const reduceMeanVjp: VjpRule = (context) => {
  const { graph, mul } = context;
  const { shape, kept, keep } = reduction(context);
  const n = sizeOf(shape) / sizeOf(kept);
  return movement(context, (dY) => expandTo(graph, keep(mul(dY, 1 / n)), shape));
};
