import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { fusiblePadVjp } from "../../lib/autodiff/rules/pad.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { boolScalar, floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import {
  checkVjp,
  computed,
  constant,
  contextOf,
  type VjpCase,
  expectRefused,
} from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

const at = normal([2, 7, 3, 4], 1);
const ints = (...values: number[]) => constant(intsTensor(values));

const fill = (value: number) => constant(floatTensor([], [value]));

interface Case extends VjpCase {
  readonly name: string;
}

const cases: readonly Case[] = [
  { name: "to a matrix", op: "Reshape", inputs: [at, ints(14, 12)] },
  { name: "with kept and inferred axes", op: "Reshape", inputs: [at, ints(0, -1, 2, 2)] },
  { name: "at axis 1", op: "Flatten", inputs: [at] },
  { name: "at axis 0", op: "Flatten", attributes: { axis: 0 }, inputs: [at] },
  { name: "at axis -1", op: "Flatten", attributes: { axis: -1 }, inputs: [at] },
  { name: "of given axes", op: "Squeeze", inputs: [normal([2, 1, 3, 1], 2), ints(-1)] },
  { name: "of every axis of length 1", op: "Squeeze", inputs: [normal([2, 1, 3, 1], 2)] },
  { name: "in front and behind", op: "Unsqueeze", inputs: [normal([2, 7], 2), ints(0, -1)] },
  { name: "by a permutation", op: "Transpose", attributes: { perm: [2, 0, 3, 1] }, inputs: [at] },
  { name: "reversed", op: "Transpose", inputs: [at] },
  { name: "of inner axes", op: "Expand", inputs: [normal([7, 1, 4], 2), ints(2, 7, 3, 4)] },
  { name: "with a shape of its own", op: "Expand", inputs: [normal([2, 1], 2), ints(1, 5)] },
  { name: "to the same shape", op: "Expand", inputs: [at, ints(1)] },
  { name: "along every axis", op: "Tile", inputs: [normal([2, 3, 5], 2), ints(3, 1, 2)] },
  { name: "not at all", op: "Tile", inputs: [normal([2, 3], 2), ints(1, 1)] },
  { name: "at inference", op: "Dropout", inputs: [at] },
  {
    name: "of three along axis 1",
    op: "Concat",
    attributes: { axis: 1 },
    inputs: [normal([2, 3, 4], 1), normal([2, 5, 4], 2), normal([2, 1, 4], 3)],
  },
  {
    name: "along axis -1 with a constant",
    op: "Concat",
    attributes: { axis: -1 },
    inputs: [normal([2, 3], 1), constant(normal([2, 4], 2)), normal([2, 1], 3)],
  },
  { name: "of one", op: "Concat", attributes: { axis: 0 }, inputs: [at] },
  {
    name: "in mode DCR",
    op: "DepthToSpace",
    attributes: { blocksize: 2 },
    inputs: [normal([2, 12, 5, 3], 1)],
  },
  {
    name: "in mode CRD",
    op: "DepthToSpace",
    attributes: { blocksize: 3, mode: "CRD" },
    inputs: [normal([2, 18, 5, 4], 1)],
  },
  {
    name: "in blocks of 2",
    op: "SpaceToDepth",
    attributes: { blocksize: 2 },
    inputs: [normal([2, 3, 4, 10], 1)],
  },
  { name: "of rows, one twice", op: "Gather", inputs: [normal([5, 3], 1), ints(4, 0, 4, -4)] },
  {
    name: "of one column by a scalar",
    op: "Gather",
    attributes: { axis: 1 },
    inputs: [at, constant({ type: "int64", shape: [], data: BigInt64Array.of(-2n) })],
  },
  {
    name: "by a matrix of indices",
    op: "Gather",
    attributes: { axis: -1 },
    inputs: [
      at,
      constant({ type: "int64", shape: [2, 3], data: BigInt64Array.of(0n, 3n, 3n, 3n, 1n, -3n) }),
    ],
  },
  { name: "of all in another order", op: "Gather", inputs: [normal([3, 2], 1), ints(2, 0, 1)] },
];

test.each(cases)("$op $name matches central differences", async ({ op, attributes, inputs }) => {
  await checkVjp(RULES[op]!, { op, attributes, inputs });
});

describe("Split", () => {
  const split = RULES["Split"]!;
  const wide = normal([2, 9, 4], 1);

  test.each([
    { name: "all used", unusedOutputs: [] },
    { name: "one unused", unusedOutputs: [1] },
    { name: "the last alone used", unusedOutputs: [0, 1] },
  ])("into unequal parts, $name", async ({ unusedOutputs }) => {
    const inputs = [wide, ints(2, 3, 4)];
    await checkVjp(split, {
      op: "Split",
      attributes: { axis: 1 },
      inputs,
      outputCount: 3,
      unusedOutputs,
    });
  });

  test("into equal parts", async () => {
    const attributes = { axis: -2, num_outputs: 3 };
    await checkVjp(split, { op: "Split", attributes, inputs: [wide], outputCount: 3 });
  });

  test("with a smaller last part", async () => {
    const attributes = { axis: 1, num_outputs: 2 };
    await checkVjp(split, { op: "Split", attributes, inputs: [wide], outputCount: 2 });
  });

  test("into one part", async () => {
    await checkVjp(split, { op: "Split", attributes: { num_outputs: 1 }, inputs: [wide] });
  });
});

describe("Slice", () => {
  const x = normal([3, 10, 11], 1);
  const slice = RULES["Slice"]!;
  const LARGE = 2 ** 31 - 1; // how exporters write "to the end"

  test.each([
    { name: "a prefix", bounds: [ints(0), ints(4), ints(1)] },
    { name: "the middle of two axes", bounds: [ints(2, 3), ints(7, 5), ints(1, 2)] },
    { name: "without axes", bounds: [ints(1, 2), ints(3, 9)] },
    { name: "negative bounds", bounds: [ints(-6), ints(-2), ints(-1)] },
    { name: "to the end and beyond", bounds: [ints(4), ints(LARGE), ints(1)] },
    { name: "from before the start", bounds: [ints(-100), ints(5), ints(2)] },
    { name: "every second", bounds: [ints(0), ints(LARGE), ints(1), ints(2)] },
    {
      name: "every third from 1, and rows",
      bounds: [ints(1, 1), ints(11, 9), ints(2, 1), ints(3, 1)],
    },
    { name: "reversed", bounds: [ints(-1), ints(-LARGE), ints(2), ints(-1)] },
    { name: "every third, backwards", bounds: [ints(8), ints(0), ints(1), ints(-3)] },
    { name: "backwards from beyond the end", bounds: [ints(50), ints(3), ints(1), ints(-2)] },
    { name: "one element", bounds: [ints(5), ints(6), ints(1), ints(4)] },
    { name: "all", bounds: [ints(0), ints(LARGE), ints(1)] },
  ])("$name matches central differences", async ({ bounds }) => {
    await checkVjp(slice, { op: "Slice", inputs: [x, ...bounds] });
  });

  test("never pads by a negative length", () => {
    const context = contextOf({ op: "Slice", inputs: [x, ints(1), ints(9), ints(1), ints(3)] });
    const nodeVjp = slice(context);
    context.graph.input("dy", "float32", context.graph.shapeOf(nodeVjp.outputs[0]!));
    const [dX] = nodeVjp.pullback(["dy"]);
    const { nodes, initializers } = context.graph.build("g", [["dx", dX!]]);
    const pads = nodes.filter(({ op }) => op === "Pad").map(({ inputs }) => inputs[1]!);
    expect(pads.length).toBeGreaterThan(0);
    for (const pad of pads) {
      const tensor = initializers.get(pad);
      expect(tensor?.type === "int64" && tensor.data.every((length) => length >= 0n)).toBe(true);
    }
  });
});

describe("Pad", () => {
  const pad = RULES["Pad"]!;
  const x = normal([2, 3, 5, 4], 1);
  const spatial = ints(0, 0, 1, 2, 0, 0, 3, 0);

  test.each<Omit<Case, "op">>([
    { name: "zeros", inputs: [x, spatial] },
    { name: "a constant", inputs: [x, spatial, fill(7)] },
    { name: "zeros on two axes", inputs: [x, ints(1, 0, 0, 2), null, ints(-1, 1)] },
    { name: "less than nothing", inputs: [x, ints(0, 0, -1, 2, 0, 0, 1, -1), fill(1)] },
    { name: "nothing", inputs: [x, ints(0, 0, 0, 0, 0, 0, 0, 0)] },
    { name: "edges", attributes: { mode: "edge" }, inputs: [x, spatial] },
    { name: "reflections", attributes: { mode: "reflect" }, inputs: [x, spatial] },
    {
      name: "reflections on one axis",
      attributes: { mode: "reflect" },
      inputs: [x, ints(4, 4), null, ints(2)],
    },
  ])("with $name matches central differences", async ({ attributes, inputs }) => {
    for (const rule of [pad, fusiblePadVjp]) {
      await checkVjp(rule, { op: "Pad", attributes, inputs });
    }
  });

  test("keeps the output rectified unless it adds negative numbers", () => {
    const surroundings = { isRectified: () => true };
    const isRectified = (value: number) =>
      pad(contextOf({ op: "Pad", inputs: [x, spatial, fill(value)], surroundings })).isRectified;
    expect([isRectified(0), isRectified(1), isRectified(-1)]).toEqual([true, true, false]);
  });
});

interface Refusal extends VjpCase {
  readonly message: string;
}

test.each<Refusal>([
  {
    op: "Pad",
    attributes: { mode: "wrap" },
    inputs: [at, ints(0, 0, 1, 1, 0, 0, 1, 1)],
    message: "mode 'wrap'",
  },
  {
    op: "Pad",
    attributes: { mode: "edge" },
    inputs: [at, ints(0, 0, -1, 1, 0, 0, 1, 1)],
    message: "mode 'edge' with pads [0, 0, -1, 1, 0, 0, 1, 1]",
  },
  {
    op: "Dropout",
    inputs: [at, null, constant(boolScalar(true))],
    message: "training_mode is true; export the model in evaluation mode",
  },
])("$op is rejected when $message", ({ op, attributes, inputs, message }) => {
  expectRefused(RULES[op]!, { op, attributes, inputs }, message);
});

test.each([
  {
    op: "Pad",
    error: ModelError,
    message: "input 1 ('x1') decides the output's shape but depends on the image",
  },
])("$op is rejected when its second input is computed while the network runs", (refusal) => {
  const { op, error, message } = refusal;
  const apply = () => RULES[op]!(contextOf({ op, inputs: [at, computed("int64", [1])] }));
  expect(apply).toThrow(error);
  expect(apply).toThrow(message);
});

test.each(["Reshape", "Flatten", "Transpose", "Identity", "Dropout", "SpaceToDepth"])(
  "%s passes on whether its input is rectified",
  (op) => {
    const attributes = { SpaceToDepth: { blocksize: 1 } }[op] ?? {};
    const inputs = op === "Reshape" ? [at, ints(-1)] : [at];
    for (const isRectified of [true, false]) {
      const surroundings = { isRectified: () => isRectified };
      const nodeVjp = RULES[op]!(contextOf({ op, attributes, inputs, surroundings }));
      expect(nodeVjp.isRectified).toBe(isRectified);
    }
  },
);

/** Applies the permutation to the cotangent instead of its inverse. */
const transposeAgain: VjpRule = ({ graph, node: { attributes }, inputs }) => ({
  outputs: [graph.emit("Transpose", inputs, attributes)],
  pullback: ([dY]) => [dY ? graph.emit("Transpose", [dY], attributes) : null],
});

test("checkVjp catches a permutation applied twice instead of undone", async () => {
  const square: VjpCase = {
    op: "Transpose",
    attributes: { perm: [1, 2, 0] },
    inputs: [normal([3, 3, 3], 1)],
  };
  await expect(checkVjp(transposeAgain, square)).rejects.toThrow(/analytic/);
});

test("a part of no elements passes no gradient on", async () => {
  const [x, dy] = [normal([2, 3, 1, 4], 1), normal([2, 3, 4], 2)];
  const bounds = { none: intsTensor([0]), axis: intsTensor([2]), to: intsTensor([2, -1, 4]) };
  const nodes = [
    node("Slice", "x none none axis", "empty"),
    node("Reshape", "empty to", "rows"),
    node("Squeeze", "x height", "whole"),
    node("Concat", "whole rows", "y", { axis: 1 }),
  ];
  const initializers = new Map(Object.entries({ ...bounds, height: intsTensor([2]) }));
  for (const provider of PROVIDERS) {
    const { graph } = gradientGraph(passOf(nodes, { initializers }), x.shape, { provider });
    const { dx } = await runGraph(graph, { x, dy });
    expect(dx!.data).toEqual(dy.data);
  }
});
