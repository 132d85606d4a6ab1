import type { Value } from "../onnx/model.ts";
import { keepDims } from "../onnx/operators/axes.ts";
import { floatTensor, sizeOf } from "../onnx/tensor.ts";
import { arithmetic } from "./arithmetic.ts";
import type { VjpContext } from "./rule.ts";

interface Reduced {
  readonly x: Value;
  /** Maximum of x over `axes`, which are kept with length 1. */
  readonly y: Value;
  /** Ascending. */
  readonly axes: readonly number[];
}

/**
 * 1 at the first element of X, in row-major order over `axes`, that equals Y; else 0.
 *
 *     P = place of the element, 0, 1, ...;   Q = P where X = Y, else P + n;   mask = [Q = min Q]
 *
 * Places are float32, exact up to 2^24 elements. ArgMax would be shorter, but has no CUDA kernel
 * since opset 12.
 */
export function firstMatch(context: VjpContext, { x, y, axes }: Reduced): Value {
  const { graph, forms } = context;
  const { add, mul, sub } = arithmetic(graph);
  const shape = graph.shapeOf(x);
  const searched = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
  const n = sizeOf(shape) / sizeOf(keepDims(shape, axes));
  const places = graph.constant(floatTensor(searched, Array(n).keys()));

  const isOther = sub(1, forms.isEqual(x, y));
  const queue = add(places, mul(n, isOther));
  const first = graph.emit("ReduceMin", [queue, graph.ints(axes)], {
    keepdims: 1,
    noop_with_empty_axes: 1,
  });
  return forms.isEqual(queue, first);
}
