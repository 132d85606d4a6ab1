import { sizeOf } from "../../onnx/tensor.ts";
import { arithmetic } from "../arithmetic.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";
import { expandTo } from "../shaping.ts";

/**
 * Mean of each channel: Y = mean of X over all places.
 *
 *     dX = dY / (D1 D2 ...), repeated
 *
 * X: [N, C, D1, D2, ...], Y: [N, C, 1, 1, ...].
 *
 * Source: ONNX operator GlobalAveragePool-1.
 */
export const globalAveragePoolVjp: VjpRule = (context) => {
  const { graph, input } = context;
  const { mul } = arithmetic(graph);
  const shape = graph.shapeOf(input(0));
  const places = sizeOf(shape.slice(2));
  return movement(context, (dY) => expandTo(graph, mul(dY, 1 / places), shape));
};
