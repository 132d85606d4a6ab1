import { DataType } from "../element-type.ts";
import type { Node, Value } from "../model.ts";
import { intAttribute, nodeError } from "../node.ts";
import { type NumericTensor, toNumbers } from "../tensor.ts";
import { broadcast, laidOver } from "./broadcast.ts";
import { broadcastTo, fromNumbers } from "./elements.ts";
import { input, type Inputs, operand } from "./inputs.ts";
import type { Fold, Infer, Operator, Operators } from "./operator.ts";
import { Emitter, type Upgrade } from "./upgrade.ts";

/** All inputs broadcast together; they have one type, which is the output's. */
const broadcastAll: Infer = (node, inputs) => {
  const { type } = input(node, inputs, 0);
  const present = inputs.filter((facts) => facts !== null);
  const other = present.find((facts) => facts.type !== type);
  if (other) throw nodeError(node, `inputs have types ${type} and ${other.type}`);
  const shapes = present.map(({ shape }) => shape);
  return [{ type, shape: broadcast(node, shapes) }];
};

/** One function on the elements of float32 and int32 tensors, one on those of int64. */
interface Binary {
  readonly number: (a: number, b: number) => number;
  readonly bigint: (a: bigint, b: bigint) => bigint;
}

/** Left fold over all inputs: two for Sub and its like, any number for Max, Min and Sum. */
function folding(binary: Binary): Fold {
  return (node, inputs, [output]) => {
    const operands = inputs.map((_, index) => operand(node, inputs, index));
    const total = operands
      .map((tensor) => broadcastTo(tensor, output!.shape))
      .reduce((a, b) => combine(node, a, b, binary));
    return [total];
  };
}

function combine(node: Node, a: NumericTensor, b: NumericTensor, f: Binary): NumericTensor {
  const { shape } = a;
  if (a.type === "int64" && b.type === "int64") {
    const other = b.data;
    return { type: "int64", shape, data: a.data.map((x, i) => f.bigint(x, other[i]!)) };
  }
  if (a.type === "float32" && b.type === "float32") {
    const other = b.data;
    return { type: "float32", shape, data: a.data.map((x, i) => f.number(x, other[i]!)) };
  }
  if (a.type === "int32" && b.type === "int32") {
    const other = b.data;
    return { type: "int32", shape, data: a.data.map((x, i) => f.number(x, other[i]!)) };
  }
  throw nodeError(node, `cannot compute on types ${a.type} and ${b.type}`);
}

function arithmetic(number: Binary["number"], bigint: Binary["bigint"]): Operator {
  return {
    infer: broadcastAll,
    fold: folding({ number, bigint }),
    upgrade: (node, rewriting) => (rewriting.opset < 7 ? laidOver : amongNumbers)(node, rewriting),
  };
}

/**
 * A constant of 32-bit integers, such as a bias, beside sums of a quantised network, which are
 * numbers here (`quantise.ts`): it is made numbers too.
 */
const amongNumbers: Upgrade = (node, rewriting) => {
  const isOfIntegers = (value: Value) => rewriting.constantOf(value)?.type === "int32";
  // seldom: what the others are takes a walk over the graph before them
  if (!node.inputs.some(isOfIntegers)) return [node];
  if (!node.inputs.some((value) => rewriting.factsOf(value)?.type === "float32")) return [node];
  const emitter = new Emitter(node, rewriting);
  const inputs = node.inputs.map((value) =>
    isOfIntegers(value) ? emitter.emit("Cast", [value], { to: DataType.float }) : value,
  );
  return emitter.ending(node.op, inputs, node.attributes);
};

/** Integers divide towards zero. */
const divide: Fold = (node, inputs, outputs) => {
  requireDivisor(node, inputs);
  const isInteger = outputs[0]!.type !== "float32";
  const number = (a: number, b: number) => (isInteger ? Math.trunc(a / b) : a / b);
  return folding({ number, bigint: (a, b) => a / b })(node, inputs, outputs);
};

/** The remainder has the divisor's sign, or with fmod the dividend's. */
const modulo: Fold = (node, inputs, outputs) => {
  requireDivisor(node, inputs);
  const remainder: Binary =
    intAttribute(node, "fmod", 0) === 1
      ? { number: (a, b) => a % b, bigint: (a, b) => a % b }
      : {
          number: (a, b) => (a % b !== 0 && a % b < 0 !== b < 0 ? (a % b) + b : a % b),
          bigint: (a, b) => (a % b !== 0n && a % b < 0n !== b < 0n ? (a % b) + b : a % b),
        };
  return folding(remainder)(node, inputs, outputs);
};

function requireDivisor(node: Node, inputs: Inputs): void {
  const divisor = operand(node, inputs, 1);
  if (divisor.type !== "float32" && toNumbers(divisor).includes(0)) {
    throw nodeError(node, "integer division by zero");
  }
}

/**
 * Base and exponent may differ in type; the output has the base's. Shape arithmetic has it where a
 * grid's side is n ** 0.5 of its cells.
 */
const pow: Operator = {
  infer: (node, inputs) => {
    const [base, exponent] = [0, 1].map((index) => input(node, inputs, index));
    return [{ type: base!.type, shape: broadcast(node, [base!.shape, exponent!.shape]) }];
  },
  fold: (node, inputs, [output]) => {
    const { type, shape } = output!;
    const [bases, exponents] = [0, 1].map((index) =>
      toNumbers(broadcastTo(operand(node, inputs, index), shape)),
    );
    const powers = bases!.map((x, i) => x ** exponents![i]!);
    return [fromNumbers(type, shape, powers)];
  },
  upgrade: laidOver,
};

const sum = arithmetic(
  (a, b) => a + b,
  (a, b) => a + b,
);

/** Operators on numbers that broadcast together. */
export const arithmetics: Operators = {
  Add: sum,
  Sum: sum,
  Sub: arithmetic(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Max: arithmetic(Math.max, (a, b) => (a > b ? a : b)),
  Min: arithmetic(Math.min, (a, b) => (a < b ? a : b)),
  Div: { infer: broadcastAll, fold: divide, upgrade: laidOver },
  Mod: { infer: broadcastAll, fold: modulo },
  Mean: { infer: broadcastAll },
  BitwiseAnd: { infer: broadcastAll },
  BitwiseOr: { infer: broadcastAll },
  Pow: pow,
};
