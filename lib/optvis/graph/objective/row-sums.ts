import { reshapeTo } from "../../../autodiff/shaping.ts";
import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { sizeOf } from "../../../onnx/tensor.ts";

/** Sum of all that belongs to each image: [N] from [N, ...]. */
export function emitRowSums(graph: GraphBuilder, value: Value): Value {
  const [n = 1, ...rest] = graph.shapeOf(value);
  const rows = reshapeTo(graph, value, [n, sizeOf(rest)]);
  return graph.emit("ReduceSum", [rows, graph.ints([1])], { keepdims: 0 });
}
