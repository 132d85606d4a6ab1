import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { parseResize } from "../../onnx/operators/resample.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { type AxisWeights, resizedAxes } from "../resize-weights.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Resampling, modes nearest, linear and cubic: along each spatial axis Y = A X.
 *
 *     dX = A^T dY, axis by axis
 *
 * X: [..., H, W], Y: [..., H', W']; A: [H', H] or [W', W], constant: a row holds the weights of one
 * output pixel. All coordinate transformations but tf_crop_and_resize.
 *
 * Source: ONNX operator Resize-18.
 *
 * @throws UnsupportedGradientError for antialias and exclude_outside, sizes computed while the
 *   network runs, and axes before the last two.
 */
export const resizeVjp: VjpRule = (context) => {
  const { graph, node, facts } = context;
  const resizing = parseResize(node, facts);
  const axes = resizedAxes(graph, node, resizing);
  const y = emitForward(context);
  const pull = (dY: Value) => [axes.reduce((value, axis) => applyAdjoint(graph, value, axis), dY)];
  // a cubic kernel has negative weights
  const isMean = resizing.mode !== "cubic";
  return { ...oneOutput(context, y, pull), isRectified: isMean && context.isRectified(0) };
};

function applyAdjoint(graph: GraphBuilder, dY: Value, { isLast, weights }: AxisWeights): Value {
  const a = graph.constant(weights);
  if (isLast) return graph.emit("MatMul", [dY, a]);
  return graph.emit("MatMul", [graph.emit("Transpose", [a], { perm: [1, 0] }), dY]);
}
