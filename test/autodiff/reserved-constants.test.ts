import { expect, test } from "vitest";

import { type Provider, PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { floatTensor, intsTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { constant, contextOf, type VjpCase } from "../support/check-vjp.ts";
import { normal } from "../support/random.ts";

/** Of shapes and axes; what is longer has to be told of before it is made. */
const SMALL = 64;

const ints = (shape: readonly number[], values: readonly number[]) =>
  constant({ ...intsTensor(values), shape });
const counted = (count: number) => Array.from({ length: count }, (_, i) => i);
const image = normal([1, 24, 20, 26], 1);

const cases: readonly VjpCase[] = [
  // a count for each window
  {
    op: "AveragePool",
    inputs: [normal([1, 2, 20, 26], 1)],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  },
  // ones for each channel
  { op: "AveragePool", inputs: [image], attributes: { kernel_shape: [5, 4], strides: [2, 2] } },
  {
    op: "BatchNormalization",
    inputs: [normal([1, 200, 3, 2], 1), ...[1, 2, 3, 4].map(() => constant(ones(200)))],
  },
  {
    op: "Conv",
    inputs: [image, constant(normal([5, 24, 7, 7], 2))],
    attributes: { strides: [4, 4] },
  },
  { op: "Gather", inputs: [normal([90, 3], 1), ints([80], counted(80))] },
  { op: "GatherND", inputs: [normal([90, 3], 1), ints([80, 1], counted(80))] },
  { op: "LRN", inputs: [image], attributes: { size: 5 } },
  {
    op: "MaxPool",
    inputs: [image],
    attributes: { kernel_shape: [5, 4], strides: [2, 2] },
    surroundings: { isRectified: () => true },
  },
  {
    op: "Pad",
    inputs: [normal([1, 90], 1), ints([4], [0, 9, 0, 8])],
    attributes: { mode: "reflect" },
  },
  { op: "ReduceMax", inputs: [normal([2, 100], 1), ints([1], [1])] },
  {
    op: "Resize",
    inputs: [normal([1, 2, 9, 10], 1), null, constant(floatTensor([4], [1, 1, 3, 2]))],
    attributes: { mode: "linear" },
  },
  { op: "ScatterND", inputs: [normal([90, 3], 1), ints([80, 1], counted(80)), normal([80, 3], 2)] },
  {
    op: "ScatterND",
    inputs: [normal([90, 3], 1), ints([80, 1], counted(80)), normal([80, 3], 2)],
    attributes: { reduction: "add" },
  },
  { op: "Trilu", inputs: [normal([30, 20], 1)] },
];

/** Elements of constants that a rule makes, forward and backward, and those that it told of. */
function madeBy(rule: VjpRule, vjpCase: VjpCase, provider: Provider) {
  const context = contextOf(vjpCase, provider);
  const { graph } = context;
  let reserved = 0;
  const reserve = graph.reserve.bind(graph);
  graph.reserve = (elements, what) => {
    reserved += elements;
    reserve(elements, what);
  };
  const { outputs, pullback } = rule(context);
  const dX = pullback(
    outputs.map((value) => graph.input(`d_${value}`, "float32", graph.shapeOf(value))),
  );
  const results = [...outputs, ...dX.filter((value) => value !== null)];
  const { initializers } = graph.build(
    "rule",
    results.map((value, i) => [`r${i}`, value]),
  );
  const given = vjpCase.inputs.flatMap((each) => (each && "constant" in each ? each.constant : []));
  const sizes = [...initializers.values()]
    .filter((tensor) => !given.includes(tensor))
    .map(({ shape }) => sizeOf(shape))
    .filter((size) => size > SMALL);
  return { made: sizes.reduce((sum, size) => sum + size, 0), reserved };
}

test.each(PROVIDERS)("what rules make besides the weights is reserved before: %s", (provider) => {
  const all = cases.map((each) => ({ op: each.op, ...madeBy(RULES[each.op]!, each, provider) }));
  expect(all.filter(({ made, reserved }) => made > reserved)).toEqual([]);
  // each makes something somewhere; CUDA and WebGPU pool and sum without
  const idle = all.filter(({ made }) => made === 0).map(({ op }) => op);
  expect(idle).toEqual(provider === "cpu" ? ["Conv"] : ["LRN", "MaxPool"]);
});

const unreserved: VjpRule = (context) => {
  const { graph, input, mul } = context;
  const m = graph.constant(floatTensor([30, 20], Array(600).fill(1)));
  return { outputs: [mul(input(0), m)], pullback: ([dY]) => [mul(dY!, m)] };
};

test("a constant that was not reserved is found", () => {
  const triangle = { op: "Trilu", inputs: [normal([30, 20], 1)] };
  expect(madeBy(unreserved, triangle, "cpu")).toEqual({ made: 600, reserved: 0 });
});

function ones(length: number) {
  return floatTensor([length], Array(length).fill(1));
}
