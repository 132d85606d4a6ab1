import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";

/**
 * Root mean square of each image, over its planes and pixels: [N], or [N, 1, 1, 1] with `keepdims`.
 *
 * @param images [N, planes, H, W]
 */
export function emitImageRms(graph: GraphBuilder, images: Value, keepdims: 0 | 1): Value {
  const square = graph.emit("Mul", [images, images]);
  return graph.emit("Sqrt", [
    graph.emit("ReduceMean", [square, graph.ints([1, 2, 3])], { keepdims }),
  ]);
}
