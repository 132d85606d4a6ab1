import { DataType } from "../../onnx/element-type.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";

/** 1 where the comparison of A with B holds, else 0. */
export function compare(graph: GraphBuilder, op: "Equal" | "Greater", a: Value, b: Value): Value {
  return graph.emit("Cast", [graph.emit(op, [a, b])], { to: DataType.float });
}
