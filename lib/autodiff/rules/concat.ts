import type { Value } from "../../onnx/model.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { areAllRectified } from "../rectified.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Concatenation along one axis: Y = [A1, A2, ...].
 *
 *     [dA1, dA2, ...] = dY, split at the same places
 *
 * Ai: equal shapes but for `axis`; Y: their lengths along `axis` added.
 *
 * Source: ONNX operator Concat-13.
 */
export const concatVjp: VjpRule = (context) => {
  const { graph, node, inputs } = context;
  const y = emitForward(context);
  const axis = axisAttribute(node, graph.shapeOf(y).length);
  const pullback = (dY: Value) => {
    if (inputs.length === 1) return [dY];
    const lengths = inputs.map((input) => graph.shapeOf(input)[axis]!);
    const parts = graph.emitMany("Split", [dY, graph.ints(lengths)], { axis }, inputs.length);
    return parts.map((part) => () => part);
  };
  return { ...oneOutput(context, y, pullback), isRectified: areAllRectified(context) };
};
