import type { GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { sizeOf } from "../../../onnx/tensor.ts";
import { addedAt } from "../../gather-adjoint.ts";
import type { MaxPooling, Pooled } from "../forms.ts";

/**
 * A max pool of any rank whose gradient is scattered to where the maxima were: MaxPool itself says
 * the flat index of each, in row-major order, and ScatterElements adds up what meets at one index.
 */
export function scatteredMaxPool(graph: GraphBuilder, x: Value, pool: MaxPooling): Pooled {
  const { storage_order: _, ...attributes } = pool.attributes;
  const [y = "", indices = ""] = graph.emitMany("MaxPool", [x], attributes, 2);
  const pullback = (dY: Value) => {
    const shape = graph.shapeOf(x);
    const flat = (value: Value) => graph.emit("Reshape", [value, graph.ints([-1])]);
    const read = { shape: [sizeOf(shape)], axis: 0, indices: flat(indices) };
    const dX = addedAt(graph, read, flat(dY));
    return graph.emit("Reshape", [dX, graph.ints(shape)]);
  };
  return { y, pullback };
}
