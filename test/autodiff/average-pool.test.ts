import { describe, expect, test } from "vitest";

import { type Provider, PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import type { Attributes } from "../../lib/onnx/model.ts";
import { intsTensor } from "../../lib/onnx/tensor.ts";
import { checkVjp, expectRefused, runRule } from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";
import { dot } from "../support/vectors.ts";

const averagePool = RULES["AveragePool"]!;

interface Pool {
  readonly name: string;
  readonly shape: readonly number[];
  readonly attributes: Attributes;
}

const pools: readonly Pool[] = [
  {
    name: "2x2, stride 2",
    shape: [2, 3, 7, 6],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  { name: "3x2, stride 1", shape: [2, 3, 7, 6], attributes: { kernel_shape: [3, 2] } },
  {
    name: "3x3, stride 1, padded as inception's",
    shape: [2, 3, 7, 6],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  },
  {
    name: "3x3, stride 2, padded",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: "3x3, stride 2, padded, ceil_mode, of one channel",
    shape: [2, 1, 10, 8],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  {
    name: "unequal pads and strides",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [4, 3], strides: [3, 2], pads: [1, 0, 2, 2] },
  },
  {
    name: "unequal pads, stride 1",
    shape: [2, 3, 6, 7],
    attributes: { kernel_shape: [3, 4], pads: [0, 2, 1, 1] },
  },
  {
    name: "ceil_mode",
    shape: [2, 3, 8, 7],
    attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 },
  },
  {
    name: "ceil_mode, padded",
    shape: [2, 3, 9, 6],
    attributes: { kernel_shape: [3, 3], strides: [3, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  {
    name: "with gaps",
    shape: [2, 3, 10, 8],
    attributes: { kernel_shape: [2, 2], strides: [3, 3] },
  },
  { name: "everything", shape: [2, 3, 5, 4], attributes: { kernel_shape: [5, 4] } },
  {
    name: "whole columns, not whole rows",
    shape: [2, 3, 5, 7],
    attributes: { kernel_shape: [5, 2], strides: [1, 2] },
  },
  {
    name: "one window that leaves pixels out",
    shape: [2, 3, 5, 6],
    attributes: { kernel_shape: [3, 4], strides: [3, 3] },
  },
  {
    name: "one window larger than the image that leaves pixels out, padded before them",
    shape: [2, 3, 2, 4],
    attributes: { kernel_shape: [3, 4], strides: [2, 3], pads: [2, 1, 0, 0] },
  },
  {
    name: "windows larger than the image, at several places",
    shape: [2, 3, 3, 4],
    attributes: { kernel_shape: [4, 5], pads: [2, 2, 2, 2] },
  },
  {
    name: "SAME_UPPER",
    shape: [2, 3, 8, 7],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" },
  },
  {
    name: "SAME_LOWER",
    shape: [2, 3, 8, 7],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_LOWER" },
  },
  {
    name: "one-dimensional",
    shape: [2, 3, 11],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0] },
  },
  {
    name: "three-dimensional",
    shape: [1, 2, 5, 6, 4],
    attributes: { kernel_shape: [2, 3, 2], strides: [2, 1, 2], pads: [0, 1, 0, 1, 1, 0] },
  },
];

describe.each([0, 1])("count_include_pad %i", (count_include_pad) => {
  test.each(pools)("$name matches central differences", async ({ shape, attributes }) => {
    await checkVjp(averagePool, {
      op: "AveragePool",
      attributes: { ...attributes, count_include_pad },
      inputs: [normal(shape, 1)],
    });
  });
});

test("auto_pad SAME of windows apart, which ONNX Runtime misreads, is the padding it stands for", async () => {
  const geometry = { kernel_shape: [1, 2], strides: [3, 2] };
  const run = (padding: Attributes) => {
    const attributes = { ...geometry, ...padding };
    const inputs = [normal([2, 3, 6, 7], 1)];
    const dY = normal([2, 3, 2, 4], 2);
    return runRule(averagePool, { op: "AveragePool", attributes, inputs }, "cpu", dY);
  };
  const stated = await run({ pads: [0, 0, 0, 1] });
  expect(await run({ auto_pad: "SAME_UPPER" })).toEqual(stated);
  expect(await run({ auto_pad: "SAME_LOWER" })).not.toEqual(stated);
});

test.each(["AveragePool", "MaxPool"])(
  "%s of ceil_mode drops a window past the image, which ONNX Runtime's own shapes still have",
  async (op) => {
    const [x, dy] = [normal([2, 3, 6, 8], 1), normal([2, 3, 2, 4], 2)];
    const run = (provider: Provider, padding: Attributes) => {
      const attributes = { kernel_shape: [2, 3], strides: [3, 2], ...padding };
      const nodes = [node(op, "x", "u", attributes), node("Tanh", "u", "v"), node("Exp", "v", "y")];
      return runGraph(gradientGraph(passOf(nodes), x.shape, { provider }).graph, { x, dy });
    };
    for (const provider of PROVIDERS) {
      // the last column of windows reaches a pixel past the image, the third row is past it
      const stated = await run(provider, { pads: [0, 0, 0, 1] });
      expect(await run(provider, { ceil_mode: 1 })).toEqual(stated);
    }
  },
);

test("the zeros around a crop's gradient stay out of the pool, whose window is too small for them", async () => {
  const x = normal([2, 3, 8, 7], 1);
  const dy = normal([2, 3, 3, 5], 2);
  const pool = node("AveragePool", "x", "u", { kernel_shape: [2, 3] });
  const crop = node("Slice", "u from to axes", "y");
  const bounds = { from: intsTensor([3]), to: intsTensor([6]), axes: intsTensor([2]) };
  const network = passOf([pool, crop], { initializers: new Map(Object.entries(bounds)) });
  for (const provider of PROVIDERS) {
    const { y, dx } = await runGraph(gradientGraph(network, x.shape, { provider }).graph, {
      x,
      dy,
    });
    // both are linear
    expect(dot(dx!, x)).toBeCloseTo(dot(dy, y!), 4);
  }
});

test("rejects a dilated window", () => {
  const attributes = { kernel_shape: [2, 2], dilations: [2, 1] };
  const inputs = [normal([2, 3, 7, 6], 1)];
  expectRefused(averagePool, { op: "AveragePool", attributes, inputs }, "its window is dilated");
});

/** Divides by the window's size even where part of the window is padding. */
const countsPadding: VjpRule = (context) => {
  const attributes = { ...context.node.attributes, count_include_pad: 1 };
  const { pullback } = averagePool({ ...context, node: { ...context.node, attributes } });
  return { outputs: averagePool(context).outputs, pullback };
};

test("checkVjp catches padding that was counted", async () => {
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const inputs = [normal([2, 3, 7, 6], 1)];
  const check = checkVjp(countsPadding, { op: "AveragePool", attributes, inputs });
  await expect(check).rejects.toThrow(/analytic/);
});
