import type { Value } from "./model.ts";

/** Of two values of a graph, or numbers, which become scalar constants. */
export type Binary = (a: Value | number, b: Value | number) => Value;

/** The four operations with NumPy broadcasting, so that what emits a formula reads like it. */
export interface Arithmetic {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
}

/** What nodes are written to: a graph, or the place of another node. */
interface Writer {
  readonly emit: (op: string, inputs: readonly Value[]) => Value;
  readonly scalar: (value: number) => Value;
}

export function arithmetic(writer: Writer): Arithmetic {
  const valueOf = (operand: Value | number): Value =>
    typeof operand === "number" ? writer.scalar(operand) : operand;
  const binary =
    (op: string): Binary =>
    (a, b) =>
      writer.emit(op, [valueOf(a), valueOf(b)]);
  return { add: binary("Add"), sub: binary("Sub"), mul: binary("Mul"), div: binary("Div") };
}
