import type { GraphBuilder } from "../onnx/graph-builder.ts";
import type { Value } from "../onnx/model.ts";

/** Of two values of the graph, or numbers, which become scalar constants. */
type Binary = (a: Value | number, b: Value | number) => Value;

/** The four operations with NumPy broadcasting, so that a rule reads like its formula. */
export interface Arithmetic {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
}

export function arithmetic(graph: GraphBuilder): Arithmetic {
  const valueOf = (operand: Value | number): Value =>
    typeof operand === "number" ? graph.scalar(operand) : operand;
  const binary =
    (op: string): Binary =>
    (a, b) =>
      graph.emit(op, [valueOf(a), valueOf(b)]);
  return { add: binary("Add"), sub: binary("Sub"), mul: binary("Mul"), div: binary("Div") };
}
