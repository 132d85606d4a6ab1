import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import {
  boolScalar,
  type BoolTensor,
  floatTensor,
  type FloatTensor,
} from "../../lib/onnx/tensor.ts";
import { checkVjp, constant, contextOf, runRule, type VjpCase } from "../support/check-vjp.ts";
import { awayFrom, distinct, normal, uniform } from "../support/random.ts";

const SHAPE = [2, 7, 3, 4];
const at = normal(SHAPE, 1);
const positive = (shape: readonly number[], seed: number) => uniform(shape, seed, [0.5, 2]);

/** How the second operand is repeated. */
const SHAPES = [
  { name: "the same shape", shape: SHAPE },
  { name: "a scale per channel", shape: [7, 1, 1] },
  { name: "an inner axis and a missing one", shape: [7, 1, 4] },
  { name: "a scalar", shape: [] },
  { name: "one element of full rank", shape: [1, 1, 1, 1] },
  { name: "a scale per image and channel", shape: [2, 7, 1, 1] },
];

describe.each(["Add", "Sub", "Mul", "Div", "Sum", "Mean"])("%s", (op) => {
  const rule = RULES[op]!;

  test.each(SHAPES)("with $name on the right", async ({ shape }) => {
    await checkVjp(rule, { op, inputs: [at, positive(shape, 2)] });
  });

  test.each(SHAPES)("with $name on the left", async ({ shape }) => {
    await checkVjp(rule, { op, inputs: [normal(shape, 2), positive(SHAPE, 3)] });
  });

  test("both operands repeated", async () => {
    await checkVjp(rule, { op, inputs: [normal([7, 1, 4], 4), positive([2, 1, 3, 1], 5)] });
  });

  test("constants get no gradient", async () => {
    await checkVjp(rule, { op, inputs: [at, constant(positive([7, 1, 1], 6))] });
    await checkVjp(rule, { op, inputs: [constant(normal([7, 1, 1], 7)), positive(SHAPE, 8)] });
  });
});

test.each(["Sum", "Mean"])("%s of one and of three", async (op) => {
  await checkVjp(RULES[op]!, { op, inputs: [at] });
  await checkVjp(RULES[op]!, { op, inputs: [at, normal([7, 1, 1], 2), normal([4], 3)] });
});

const apart = (shape: readonly number[], seed: number) => distinct(shape, seed, 0.5);
const shifted = (tensor: FloatTensor) =>
  floatTensor(
    tensor.shape,
    tensor.data.map((x) => x + 0.25),
  );

describe.each(["Max", "Min"])("%s", (op) => {
  const rule = RULES[op]!;

  test.each([
    { name: "one", inputs: [at] },
    { name: "two", inputs: [apart(SHAPE, 1), shifted(apart(SHAPE, 2))] },
    { name: "a repeated one", inputs: [apart([2, 7, 3], 3), shifted(apart([7, 1], 4))] },
    { name: "a repeated one first", inputs: [apart([7, 1], 5), shifted(apart([2, 7, 3], 6))] },
    { name: "three", inputs: [apart([7, 3], 7), shifted(apart([3], 8)), constant(normal([], 9))] },
    { name: "a constant", inputs: [awayFrom(0, at), constant(floatTensor([], [0]))] },
  ])("of $name matches central differences", async ({ inputs }) => {
    await checkVjp(rule, { op, inputs });
  });

  test("gives the whole gradient to the first of equal values", async () => {
    const a = floatTensor([3], [1, 2, 3]);
    const b = floatTensor([3], [1, 3, 2]);
    const dY = floatTensor([3], [10, 20, 30]);
    for (const provider of PROVIDERS) {
      const { d_x0: dA, d_x1: dB } = await runRule(rule, { op, inputs: [a, b] }, provider, dY);
      expect([...dA!.data]).toEqual(op === "Max" ? [10, 0, 30] : [10, 20, 0]);
      expect([...dB!.data]).toEqual(op === "Max" ? [0, 20, 0] : [0, 0, 30]);
    }
  });
});

describe("Where", () => {
  const where = RULES["Where"]!;
  const mask: BoolTensor = {
    type: "bool",
    shape: [7, 1, 4],
    data: Uint8Array.from(normal([28], 3).data, (x) => (x > 0 ? 1 : 0)),
  };

  test.each([
    { name: "two of a kind", inputs: [constant(mask), at, normal(SHAPE, 2)] },
    { name: "a repeated second", inputs: [constant(mask), at, normal([3, 1], 2)] },
    { name: "a repeated first", inputs: [constant(mask), normal([3, 1], 2), at] },
    { name: "a constant", inputs: [constant(mask), at, constant(floatTensor([], [1]))] },
    { name: "one condition", inputs: [constant(boolScalar(true)), at, normal(SHAPE, 2)] },
  ])("of $name matches central differences", async ({ inputs }) => {
    await checkVjp(where, { op: "Where", inputs });
  });
});

const isRectified = (op: string, inputs: VjpCase["inputs"], rectified: readonly number[]) => {
  const surroundings = { isRectified: (i: number) => rectified.includes(i) };
  return RULES[op]!(contextOf({ op, inputs, surroundings })).isRectified ?? false;
};

describe("rectified operands", () => {
  test.each(["Add", "Mul", "Sum", "Mean", "Max", "Min"])("%s of two is rectified", (op) => {
    expect(isRectified(op, [at, at], [0, 1])).toBe(true);
    expect(isRectified(op, [at, at], [0])).toBe(false);
    expect(isRectified(op, [at, constant(floatTensor([], [2]))], [0])).toBe(true);
    expect(isRectified(op, [at, constant(floatTensor([], [-2]))], [0])).toBe(false);
  });

  test.each(["Sub", "Div"])("%s is not", (op) => {
    expect(isRectified(op, [at, at], [0, 1])).toBe(false);
  });
});

/** Forgets that a repeated operand's cotangent is a sum, and that constants have none. */
const passDYToBoth: VjpRule = ({ graph, inputs }) => ({
  outputs: [graph.emit("Add", inputs)],
  pullback: ([dY = null]) => [dY, dY],
});

test("checkVjp catches a cotangent that was not summed back", async () => {
  const repeated: VjpCase = { op: "Add", inputs: [at, normal([7, 1, 1], 2)] };
  await expect(checkVjp(passDYToBoth, repeated)).rejects.toThrow(/shape of the cotangent/);
});

test("checkVjp catches a gradient for a constant", async () => {
  const halfConstant: VjpCase = { op: "Add", inputs: [at, constant(at)] };
  await expect(checkVjp(passDYToBoth, halfConstant)).rejects.toThrow(/constant input 1/);
});
