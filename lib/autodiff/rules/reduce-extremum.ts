import type { Value } from "../../onnx/model.ts";
import { describeNode } from "../../onnx/node.ts";
import { floatTensor, sizeOf } from "../../onnx/tensor.ts";
import { emitForward, movement } from "../forward.ts";
import { reduction } from "../reduction.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Maximum or minimum over axes, or maximum of each channel (GlobalMaxPool): Y = max or min of X.
 *
 *     dX = dY at the first X equal to Y in row-major order, else 0
 *
 *     P = place of X among the n that Y is chosen from, 0, 1, ...
 *     Q = P where X = Y, else P + n;   the first is where Q = min Q
 *
 * X: any shape; Y: the same with the reduced axes of length 1, or without them. Of equal extrema
 * the first takes the whole gradient, as in max pooling (PyTorch's amax and amin would share it).
 * Places are float32, exact up to 2^24. ArgMax would be shorter, but no CUDA kernel since opset 12.
 *
 * Source: ONNX operators ReduceMax-18, ReduceMin-18, GlobalMaxPool-1.
 */
export const reduceExtremumVjp: VjpRule = (context) => {
  const { graph, forms, add, mul, sub } = context;
  const { x, shape, axes, kept, keep } = reduction(context);
  const y = emitForward(context);

  const isFirst = (): Value => {
    const extremum = keep(y);
    const n = sizeOf(shape) / sizeOf(kept);
    graph.reserve(n, describeNode(context.node));
    const searched = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
    const p = graph.constant(floatTensor(searched, Array(n).keys()));
    const q = add(p, mul(n, sub(1, forms.isEqual(x, extremum))));
    const options = { keepdims: 1, noop_with_empty_axes: 1 };
    return forms.isEqual(q, graph.emit("ReduceMin", [q, graph.ints(axes)], options));
  };
  return movement(context, (dY) => mul(keep(dY), isFirst()), y);
};
