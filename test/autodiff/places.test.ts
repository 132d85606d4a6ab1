import { expect, test } from "vitest";

import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import {
  checkVjp,
  computed,
  constant,
  contextOf,
  type VjpCase,
  expectRefused,
} from "../support/check-vjp.ts";
import { normal } from "../support/random.ts";

const at = normal([2, 7, 3, 4], 1);
const shaped = (shape: readonly number[], values: readonly number[]) =>
  constant({ ...intsTensor(values), shape });
const scalarInt = (value: number) => shaped([], [value]);

interface Case extends VjpCase {
  readonly name: string;
}

const cases: readonly Case[] = [
  { name: "of blocks", op: "GatherND", inputs: [at, shaped([3, 2], [0, 6, 1, -7, 0, 6])] },
  {
    name: "of elements",
    op: "GatherND",
    inputs: [normal([3, 2], 1), shaped([2, 2], [2, 1, 0, -1])],
  },
  {
    name: "side by side",
    op: "GatherND",
    attributes: { batch_dims: 2 },
    inputs: [normal([2, 3, 4, 5], 1), shaped([2, 3, 1], [0, 3, 3, -1, 2, 0])],
  },
  {
    name: "along an inner axis",
    op: "GatherElements",
    attributes: { axis: -2 },
    inputs: [normal([2, 3, 4], 1), shaped([2, 2, 3], [0, 2, -1, 1, 1, 1, 2, 0, 0, -3, 1, 2])],
  },
  {
    name: "along the first axis",
    op: "GatherElements",
    inputs: [normal([3, 4], 1), shaped([2, 4], [0, 2, -1, 1, 1, 1, 2, 0])],
  },
  {
    name: "of elements",
    op: "ScatterElements",
    attributes: { axis: 1 },
    inputs: [normal([3, 4], 1), shaped([2, 3], [0, -1, 2, 1, 3, 0]), normal([2, 3], 2)],
  },
  {
    name: "of elements added, several to one",
    op: "ScatterElements",
    attributes: { axis: 0, reduction: "add" },
    inputs: [normal([3, 4], 1), shaped([3, 2], [0, -1, 0, 2, 1, 2]), normal([3, 2], 2)],
  },
  {
    name: "of blocks",
    op: "ScatterND",
    inputs: [at, shaped([2, 2], [0, 6, 1, -7]), normal([2, 3, 4], 2)],
  },
  {
    name: "of blocks of a constant",
    op: "ScatterND",
    inputs: [constant(normal([5, 2], 1)), shaped([2, 1], [4, 1]), normal([2, 2], 2)],
  },
  {
    name: "of blocks added, two to one",
    op: "ScatterND",
    attributes: { reduction: "add" },
    inputs: [normal([5, 2], 1), shaped([3, 1], [4, 1, 4]), normal([3, 2], 2)],
  },
  { name: "above the diagonal", op: "Trilu", inputs: [at, scalarInt(1)] },
  { name: "up to the diagonal", op: "Trilu", attributes: { upper: 0 }, inputs: [at] },
  { name: "of rows", op: "CumSum", inputs: [at, scalarInt(2)] },
  {
    name: "from the end, without itself",
    op: "CumSum",
    attributes: { reverse: 1, exclusive: 1 },
    inputs: [at, scalarInt(-3)],
  },
];

test.each(cases)("$op $name matches central differences", async ({ op, attributes, inputs }) => {
  await checkVjp(RULES[op]!, { op, attributes, inputs });
});

/** The rule, told of its second input no more than that it is computed. */
const computing =
  (rule: VjpRule): VjpRule =>
  (context) => {
    const [x = null, indices] = context.facts;
    const { type, shape } = indices!;
    return rule({ ...context, facts: [x, { type, shape }] });
  };

test.each(
  [
    ...cases.filter(({ op, attributes }) => op.startsWith("Gather") && !attributes?.["batch_dims"]),
    ...cases.filter(({ op }) => op === "CumSum"),
    { name: "of rows, one twice", op: "Gather", inputs: [at, shaped([4], [1, 0, 1, -1])] },
    {
      name: "in a matrix",
      op: "Gather",
      attributes: { axis: 1 },
      inputs: [at, shaped([2, 3], [6, 0, -7, 3, 3, 3])],
    },
    ...cases.filter(({ op, attributes }) => op.startsWith("Scatter") && !attributes?.["reduction"]),
    {
      name: "of elements added",
      op: "ScatterElements",
      attributes: { axis: -1, reduction: "add" },
      inputs: [normal([3, 4], 1), shaped([3, 2], [0, -1, 2, 2, 1, 0]), normal([3, 2], 2)],
    },
    {
      name: "of blocks added",
      op: "ScatterND",
      attributes: { reduction: "add" },
      inputs: [normal([5, 2], 1), shaped([3, 1], [4, 1, 4]), normal([3, 2], 2)],
    },
  ].map((each): Case => each),
)("$op $name by what is computed matches central differences", async (given) => {
  const { op, attributes, inputs } = given;
  const silent = computing(RULES[op]!);
  await checkVjp(silent, { op, attributes, inputs });
});

/** Numbers far enough apart to keep their order while they are moved. */
const apart = floatTensor(
  [2, 5, 3],
  Array.from({ length: 30 }, (_, i) => ((i * 7) % 30) - 12),
);

test.each([
  { name: "of the last axis", inputs: [apart, shaped([1], [2])] },
  {
    name: "smallest of an inner axis",
    attributes: { axis: 1, largest: 0 },
    inputs: [apart, shaped([1], [3])],
  },
  {
    // of more, the order would be free
    name: "of one, unsorted",
    attributes: { axis: -2, sorted: 0 },
    inputs: [apart, shaped([1], [1])],
  },
])("TopK $name matches central differences", async ({ attributes, inputs }) => {
  const given = { op: "TopK", attributes, inputs, outputCount: 2 };
  await checkVjp(RULES["TopK"]!, given);
});

test.each<Case & { readonly message: string }>([
  {
    name: "computed places within a batch",
    op: "GatherND",
    attributes: { batch_dims: 1 },
    inputs: [at, computed("int64", [2, 7, 1])],
    message: "indices (input 1) is not a constant",
  },
  {
    name: "the largest",
    op: "ScatterND",
    attributes: { reduction: "max" },
    inputs: [at, shaped([1, 1], [1]), normal([1, 7, 3, 4], 2)],
    message: "its reduction is 'max'; only none and add are supported",
  },
])("$op of $name is rejected", ({ op, attributes, inputs, message }) => {
  expectRefused(RULES[op]!, { op, attributes, inputs }, message);
});

test("an index outside of its axis is named", () => {
  const inputs = [at, shaped([1, 2], [0, 7])];
  const apply = () => RULES["GatherND"]!(contextOf({ op: "GatherND", inputs }));
  expect(apply).toThrow("index 7 is outside an axis of length 7");
});

test("checkVjp catches updates that do not take the place of what was there", async () => {
  const added: VjpRule = (context) => {
    const { outputs, pullback } = RULES["ScatterND"]!(context);
    return { outputs, pullback: (dY) => pullback(dY).with(0, dY[0] ?? null) };
  };
  const inputs = [at, shaped([1, 1], [1]), normal([1, 7, 3, 4], 2)];
  await expect(checkVjp(added, { op: "ScatterND", inputs })).rejects.toThrow(/analytic/);
});
