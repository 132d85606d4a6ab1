import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";

/** A value of the graph, or a number that becomes a scalar constant. */
export type Operand = Value | number;

/** The four operations with NumPy broadcasting, so that a rule reads like its formula. */
export function arithmetic(graph: GraphBuilder) {
  const valueOf = (operand: Operand): Value =>
    typeof operand === "number" ? graph.scalar(operand) : operand;
  const binary = (op: string) => (a: Operand, b: Operand) =>
    graph.emit(op, [valueOf(a), valueOf(b)]);
  return { add: binary("Add"), sub: binary("Sub"), mul: binary("Mul"), div: binary("Div") };
}
