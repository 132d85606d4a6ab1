import { ModelError } from "../errors.ts";
import { describeNode, intAttribute } from "../node.ts";
import type { Node } from "../model.ts";
import { toNumbers } from "../tensor.ts";
import {
  fromElements,
  fromNumbers,
  type Kernel,
  type KernelCall,
  type NumericTensor,
  operand,
} from "./kernel.ts";
import { broadcastTo } from "./moving.ts";

/** One function on the elements of float32, int32 and bool tensors, one on those of int64. */
interface Binary {
  readonly number: (a: number, b: number) => number;
  readonly bigint: (a: bigint, b: bigint) => bigint;
}

/** Left fold over all inputs: two for Add and its like, any number for Max, Min and Sum. */
function arithmetic({ number, bigint }: Binary): Kernel {
  return (call) => {
    const { shape } = call.outputs[0]!;
    const operands = call.inputs.filter((tensor) => tensor !== null);
    const total = operands
      .map((tensor) => broadcastTo(tensor, shape))
      .reduce((a, b) => combine(call.node, a, b, { number, bigint }));
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
  throw new ModelError(`${describeNode(node)}: cannot compute on types ${a.type} and ${b.type}`);
}

/** Integers divide towards zero. */
const divide: Kernel = (call) => {
  requireDivisor(call);
  const isInteger = operand(call, 0).type !== "float32";
  const number = (a: number, b: number) => (isInteger ? Math.trunc(a / b) : a / b);
  return arithmetic({ number, bigint: (a, b) => a / b })(call);
};

/** The remainder has the divisor's sign, or with fmod the dividend's. */
const modulo: Kernel = (call) => {
  requireDivisor(call);
  if (intAttribute(call.node, "fmod", 0) === 1) {
    return arithmetic({ number: (a, b) => a % b, bigint: (a, b) => a % b })(call);
  }
  return arithmetic({
    number: (a, b) => (a % b !== 0 && a % b < 0 !== b < 0 ? (a % b) + b : a % b),
    bigint: (a, b) => (a % b !== 0n && a % b < 0n !== b < 0n ? (a % b) + b : a % b),
  })(call);
};

function requireDivisor(call: KernelCall): void {
  const divisor = operand(call, 1);
  if (divisor.type !== "float32" && toNumbers(divisor).includes(0)) {
    throw new ModelError(`${describeNode(call.node)}: integer division by zero`);
  }
}

/** The exponent may have another type; the result has the base's. */
const pow: Kernel = (call) => {
  const { shape } = call.outputs[0]!;
  const base = broadcastTo(operand(call, 0), shape);
  const exponents = toNumbers(broadcastTo(operand(call, 1), shape));
  const powers = toNumbers(base).map((x, i) => x ** exponents[i]!);
  return [fromNumbers(base.type, shape, powers)];
};

/** For integers only where the function maps them to integers (null elsewhere). */
function unary(number: (x: number) => number, bigint: ((x: bigint) => bigint) | null): Kernel {
  return (call) => {
    const tensor = operand(call, 0);
    if (tensor.type === "float32") return [{ ...tensor, data: tensor.data.map(number) }];
    if (tensor.type === "int64" && bigint) return [{ ...tensor, data: tensor.data.map(bigint) }];
    if (tensor.type === "int32" && bigint) return [{ ...tensor, data: tensor.data.map(number) }];
    throw new ModelError(`${describeNode(call.node)}: not defined for type ${tensor.type}`);
  };
}

/** Compared as numbers: exact up to 2^53, far above any length or index. */
function relation(holds: (a: number, b: number) => boolean): Kernel {
  return (call) => {
    const { shape } = call.outputs[0]!;
    const [a, b] = [0, 1].map((index) => toNumbers(broadcastTo(operand(call, index), shape)));
    return [
      { type: "bool", shape, data: Uint8Array.from(a!, (x, i) => (holds(x, b![i]!) ? 1 : 0)) },
    ];
  };
}

const not: Kernel = (call) => {
  const tensor = operand(call, 0);
  const data = Uint8Array.from(toNumbers(tensor), (x) => (x === 0 ? 1 : 0));
  return [{ type: "bool", shape: tensor.shape, data }];
};

const where: Kernel = (call) => {
  const { shape } = call.outputs[0]!;
  const condition = toNumbers(broadcastTo(operand(call, 0), shape));
  const choices = [1, 2].map((index) => broadcastTo(operand(call, index), shape));
  const chosen = fromElements(choices, shape, ([x, y], to) => {
    condition.forEach((holds, i) => (to[i] = (holds ? x! : y!)[i]!));
  });
  return [chosen];
};

/** Halves go to the even neighbour. */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

export const arithmeticKernels: Readonly<Record<string, Kernel>> = {
  Add: arithmetic({ number: (a, b) => a + b, bigint: (a, b) => a + b }),
  Sub: arithmetic({ number: (a, b) => a - b, bigint: (a, b) => a - b }),
  Mul: arithmetic({ number: (a, b) => a * b, bigint: (a, b) => a * b }),
  Sum: arithmetic({ number: (a, b) => a + b, bigint: (a, b) => a + b }),
  Max: arithmetic({ number: Math.max, bigint: (a, b) => (a > b ? a : b) }),
  Min: arithmetic({ number: Math.min, bigint: (a, b) => (a < b ? a : b) }),
  Div: divide,
  Mod: modulo,
  Pow: pow,
  Neg: unary(
    (x) => -x,
    (x) => -x,
  ),
  Abs: unary(Math.abs, (x) => (x < 0n ? -x : x)),
  Floor: unary(Math.floor, null),
  Ceil: unary(Math.ceil, null),
  Round: unary(roundHalfToEven, null),
  Sqrt: unary(Math.sqrt, null),
  Exp: unary(Math.exp, null),
  Log: unary(Math.log, null),
  Reciprocal: unary((x) => 1 / x, null),
  Equal: relation((a, b) => a === b),
  Greater: relation((a, b) => a > b),
  Less: relation((a, b) => a < b),
  GreaterOrEqual: relation((a, b) => a >= b),
  LessOrEqual: relation((a, b) => a <= b),
  And: relation((a, b) => a !== 0 && b !== 0),
  Or: relation((a, b) => a !== 0 || b !== 0),
  Xor: relation((a, b) => (a !== 0) !== (b !== 0)),
  Not: not,
  Where: where,
};
