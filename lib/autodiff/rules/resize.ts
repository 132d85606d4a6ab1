import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { parseResize } from "../../onnx/operators/resample.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { type AxisWeights, resizedAxes } from "../resize-weights.ts";
import type { VjpRule } from "../rule.ts";
import { reshapeTo } from "../shaping.ts";

/**
 * Resampling, modes nearest, linear and cubic: along each axis Y = A X.
 *
 *     dX = A^T dY, axis by axis
 *
 * X, Y: of as many axes; A: [length of Y, length of X] of an axis, constant: a row holds the weights
 * of one output pixel. All coordinate transformations but tf_crop_and_resize.
 *
 * Source: ONNX operator Resize-18.
 *
 * @throws UnsupportedGradientError for tf_crop_and_resize; ModelError for sizes computed while the
 *   network runs.
 */
export const resizeVjp: VjpRule = (context) => {
  const { graph, node, input, facts } = context;
  const resizing = parseResize(node, facts);
  const axes = resizedAxes(graph, node, resizing);
  const { antialias, excludeOutside } = resizing;
  const isCommon = axes.every(({ axis }) => axis >= resizing.axes.length - 2);
  // what not every provider has a kernel for is the product itself
  const isPlain = isCommon && !antialias && !excludeOutside;
  const isCopy = axes.length === 0;
  const forward = () =>
    isPlain ? emitForward(context) : axes.reduce(resample(graph, "forward"), input(0));
  const y = isCopy ? graph.emit("Identity", [input(0)]) : forward();
  const pull = (dY: Value) => [axes.reduce(resample(graph, "back"), dY)];
  // a cubic kernel has negative weights
  const isMean = resizing.mode !== "cubic";
  return { ...oneOutput(context, y, pull), isRectified: isMean && context.isRectified(0) };
};

/** One axis forward, A X, or back, A^T dY. */
function resample(graph: GraphBuilder, way: "forward" | "back") {
  return (value: Value, { axis, weights }: AxisWeights): Value => {
    const shape = graph.shapeOf(value);
    const [before, [length = 1, ...behind]] = [shape.slice(0, axis), shape.slice(axis)];
    const to = weights.shape[way === "forward" ? 0 : 1]!;
    const isLast = behind.length === 0;
    const a = graph.constant(weights);
    // rows are multiplied from the right
    const isTurned = (way === "back") !== isLast;
    const matrix = isTurned ? graph.emit("Transpose", [a], { perm: [1, 0] }) : a;
    if (isLast) return graph.emit("MatMul", [value, matrix]);
    // a matrix for each place of the axes before
    const matrices = reshapeTo(graph, value, [...before, length, sizeOf(behind)]);
    return reshapeTo(graph, graph.emit("MatMul", [matrix, matrices]), [...before, to, ...behind]);
  };
}
