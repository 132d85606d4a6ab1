import { toNumbers } from "../tensor.ts";
import { broadcast, laidOver } from "./broadcast.ts";
import { broadcastTo, fromElements, fromNumbers } from "./elements.ts";
import { input, operand } from "./inputs.ts";
import type { Fold, Infer, Operator, Operators } from "./operator.ts";

/** Compared as numbers: exact up to 2^53, far above any length or index. */
function relation(holds: (a: number, b: number) => boolean): Operator {
  return {
    infer: (node, inputs) => {
      const shapes = [0, 1].map((index) => input(node, inputs, index).shape);
      return [{ type: "bool", shape: broadcast(node, shapes) }];
    },
    fold: (node, inputs, [output]) => {
      const { shape } = output!;
      const [a, b] = [0, 1].map((index) =>
        toNumbers(broadcastTo(operand(node, inputs, index), shape)),
      );
      const held = a!.map((x, i) => Number(holds(x, b![i]!)));
      return [fromNumbers("bool", shape, held)];
    },
    upgrade: laidOver,
  };
}

const toBool: Infer = (node, inputs) => [{ type: "bool", shape: input(node, inputs, 0).shape }];

const test =
  (holds: (x: number) => boolean): Fold =>
  (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const held = toNumbers(tensor).map((x) => Number(holds(x)));
    return [fromNumbers("bool", tensor.shape, held)];
  };

const where: Operator = {
  infer: (node, inputs) => {
    const [condition, x, y] = [0, 1, 2].map((index) => input(node, inputs, index));
    return [{ type: x!.type, shape: broadcast(node, [condition!.shape, x!.shape, y!.shape]) }];
  },
  fold: (node, inputs, [output]) => {
    const { shape } = output!;
    const condition = toNumbers(broadcastTo(operand(node, inputs, 0), shape));
    const choices = [1, 2].map((index) => broadcastTo(operand(node, inputs, index), shape));
    const chosen = fromElements(choices, shape, ([x, y], to) => {
      condition.forEach((holds, i) => (to[i] = (holds ? x! : y!)[i]!));
    });
    return [chosen];
  },
};

/** Operators that make booleans, and the one that chooses by them. */
export const logic: Operators = {
  Equal: relation((a, b) => a === b),
  Greater: relation((a, b) => a > b),
  Less: relation((a, b) => a < b),
  GreaterOrEqual: relation((a, b) => a >= b),
  LessOrEqual: relation((a, b) => a <= b),
  And: relation((a, b) => a !== 0 && b !== 0),
  Or: relation((a, b) => a !== 0 || b !== 0),
  Xor: relation((a, b) => (a !== 0) !== (b !== 0)),
  Not: { infer: toBool, fold: test((x) => x === 0) },
  IsNaN: { infer: toBool, fold: test(Number.isNaN) },
  IsInf: { infer: toBool },
  Where: where,
};
