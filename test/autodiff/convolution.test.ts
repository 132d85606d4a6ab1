import { describe, expect, test } from "vitest";

import { type Provider, PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { ForwardPass } from "../../lib/autodiff/forward-trace.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { DerivedTensors } from "../../lib/onnx/derived-tensors.ts";
import type { Attributes } from "../../lib/onnx/model.ts";
import { checkVjp, constant, runRule } from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

const conv = RULES["Conv"]!;

interface Geometry {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Attributes;
}

const convolutions: readonly Geometry[] = [
  { name: "3x3, unpadded", x: [2, 3, 7, 6], w: [5, 3, 3, 3] },
  { name: "3x3, padded", x: [2, 3, 7, 6], w: [5, 3, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { name: "1x1", x: [2, 3, 7, 6], w: [5, 3, 1, 1] },
  { name: "1x1, padded", x: [2, 3, 5, 4], w: [5, 3, 1, 1], attributes: { pads: [1, 0, 2, 1] } },
  { name: "5x1 and 1x4", x: [2, 3, 9, 8], w: [4, 3, 5, 4], attributes: { pads: [2, 1, 2, 2] } },
  {
    name: "7x7, stride 2, as GoogLeNet's first",
    x: [2, 3, 16, 18],
    w: [4, 3, 7, 7],
    attributes: { strides: [2, 2], pads: [3, 3, 3, 3] },
  },
  {
    name: "11x11, stride 4, as AlexNet's first",
    x: [1, 3, 27, 31],
    w: [4, 3, 11, 11],
    attributes: { strides: [4, 4] },
  },
  { name: "1x1, stride 2", x: [2, 3, 7, 6], w: [5, 3, 1, 1], attributes: { strides: [2, 2] } },
  {
    name: "3x3, stride 2, odd and even sizes",
    x: [2, 3, 9, 8],
    w: [5, 3, 3, 3],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: "unequal strides, unequal pads",
    x: [2, 3, 11, 10],
    w: [4, 3, 3, 2],
    attributes: { strides: [3, 2], pads: [0, 1, 2, 0] },
  },
  {
    name: "unequal pads at stride 1",
    x: [2, 3, 7, 6],
    w: [5, 3, 3, 3],
    attributes: { pads: [0, 2, 1, 0] },
  },
  {
    name: "pads wider than the kernel",
    x: [2, 3, 5, 4],
    w: [4, 3, 2, 3],
    attributes: { pads: [3, 0, 2, 4] },
  },
  { name: "dilated", x: [2, 3, 9, 8], w: [4, 3, 3, 2], attributes: { dilations: [2, 3] } },
  {
    name: "dilated, strided, padded",
    x: [2, 3, 11, 10],
    w: [4, 3, 3, 3],
    attributes: { dilations: [2, 1], strides: [2, 3], pads: [2, 1, 1, 0] },
  },
  {
    name: "dilated as much as strided",
    x: [2, 3, 11, 10],
    w: [4, 3, 3, 3],
    attributes: { dilations: [2, 2], strides: [2, 2], pads: [2, 1, 1, 0] },
  },
  {
    name: "three groups",
    x: [2, 6, 7, 5],
    w: [9, 2, 3, 3],
    attributes: { group: 3, pads: [1, 1, 1, 1] },
  },
  {
    name: "two groups, strided",
    x: [2, 6, 9, 8],
    w: [4, 3, 3, 3],
    attributes: { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: "depthwise",
    x: [2, 5, 7, 6],
    w: [5, 1, 3, 3],
    attributes: { group: 5, pads: [1, 1, 1, 1] },
  },
  {
    name: "depthwise with a multiplier, strided",
    x: [2, 5, 9, 8],
    w: [10, 1, 3, 3],
    attributes: { group: 5, strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  { name: "SAME_UPPER", x: [2, 3, 7, 6], w: [5, 3, 4, 3], attributes: { auto_pad: "SAME_UPPER" } },
  {
    name: "SAME_LOWER, strided",
    x: [2, 3, 7, 6],
    w: [5, 3, 4, 3],
    attributes: { auto_pad: "SAME_LOWER", strides: [2, 2] },
  },
  { name: "VALID", x: [2, 3, 7, 6], w: [5, 3, 4, 3], attributes: { auto_pad: "VALID" } },
  {
    name: "one-dimensional",
    x: [2, 3, 17],
    w: [5, 3, 4],
    attributes: { strides: [3], pads: [1, 2] },
  },
  { name: "one-dimensional, stride 1", x: [2, 3, 11], w: [5, 3, 4], attributes: { pads: [1, 2] } },
  {
    name: "three-dimensional",
    x: [1, 2, 6, 5, 7],
    w: [3, 2, 3, 2, 3],
    attributes: { strides: [2, 1, 2], pads: [1, 0, 1, 0, 1, 1] },
  },
];

describe("Conv", () => {
  test.each(convolutions)(
    "$name matches central differences",
    async ({ x, w, attributes = {} }) => {
      const bias = constant(normal([w[0]!], 3));
      const inputs = [normal(x, 1), constant(normal(w, 2)), bias];
      await checkVjp(conv, { op: "Conv", attributes, inputs });
    },
  );

  test("without a bias", async () => {
    const inputs = [normal([2, 3, 7, 6], 1), constant(normal([5, 3, 3, 3], 2))];
    await checkVjp(conv, { op: "Conv", inputs });
  });
});

const transposed: readonly Geometry[] = [
  { name: "stride 1", x: [2, 5, 7, 6], w: [5, 3, 3, 2] },
  {
    name: "stride 2, padded",
    x: [2, 5, 4, 3],
    w: [5, 3, 4, 4],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: "unequal strides, pads and output padding",
    x: [2, 5, 4, 3],
    w: [5, 3, 3, 4],
    attributes: { strides: [2, 3], pads: [1, 0, 0, 2], output_padding: [1, 2] },
  },
  {
    name: "grouped and dilated",
    x: [2, 6, 4, 3],
    w: [6, 2, 3, 2],
    attributes: { group: 3, dilations: [2, 3], strides: [2, 2] },
  },
  {
    name: "a stated output shape",
    x: [2, 5, 4, 3],
    w: [5, 3, 3, 3],
    attributes: { strides: [2, 2], output_shape: [8, 6] },
  },
  {
    name: "a stated output shape beyond all windows",
    x: [2, 5, 4, 3],
    w: [5, 3, 3, 1],
    attributes: { strides: [3, 2], output_shape: [14, 6] },
  },
  {
    name: "SAME_UPPER with gaps between windows",
    x: [2, 5, 4, 3],
    w: [5, 3, 1, 2],
    attributes: { strides: [2, 3], auto_pad: "SAME_UPPER" },
  },
  {
    name: "SAME_UPPER",
    x: [2, 5, 4, 3],
    w: [5, 3, 3, 3],
    attributes: { strides: [2, 2], auto_pad: "SAME_UPPER" },
  },
  {
    name: "SAME_LOWER",
    x: [2, 5, 4, 3],
    w: [5, 3, 3, 3],
    attributes: { strides: [2, 2], auto_pad: "SAME_LOWER" },
  },
  { name: "one-dimensional", x: [2, 5, 6], w: [5, 3, 4], attributes: { strides: [3] } },
];

describe("ConvTranspose", () => {
  test.each(transposed)("$name matches central differences", async ({ x, w, attributes = {} }) => {
    const op = "ConvTranspose";
    const inputs = [normal(x, 1), constant(normal(w, 2))];
    await checkVjp(RULES[op]!, { op, attributes, inputs });
  });

  test.each(transposed)("$name of what the image makes", async ({ x, w, attributes = {} }) => {
    const op = "ConvTranspose";
    const bias = normal([w[1]! * Number(attributes["group"] ?? 1)], 3);
    await checkVjp(RULES[op]!, { op, attributes, inputs: [normal(x, 1), normal(w, 2), bias] });
  });
});

test("auto_pad SAME with dilations, which ONNX Runtime refuses, is the padding it stands for", async () => {
  const inputs = [normal([2, 3, 7, 6], 1), constant(normal([5, 3, 3, 4], 2))];
  const geometry = { dilations: [2, 1], strides: [2, 1] };
  const dY = normal([2, 5, 4, 6], 3);
  const run = (provider: Provider, padding: Attributes) =>
    runRule(conv, { op: "Conv", attributes: { ...geometry, ...padding }, inputs }, provider, dY);
  for (const provider of PROVIDERS) {
    // windows of 5 and 4 pixels overhang by 4 and 3
    const stated = await run(provider, { pads: [2, 2, 2, 1] });
    expect(await run(provider, { auto_pad: "SAME_LOWER" })).toEqual(stated);
    expect(await run(provider, { auto_pad: "SAME_UPPER" })).not.toEqual(stated);
  }
});

test("a ConvTranspose of auto_pad SAME, whose shape ONNX has wrong here, is the padding it stands for", async () => {
  const [x, dy] = [normal([1, 5, 4, 3], 2), normal([1, 3, 7, 5], 3)];
  const run = (provider: Provider, padding: Attributes) => {
    const attributes = { strides: [2, 2], output_padding: [1, 1], ...padding };
    const pool = node("MaxPool", "u", "y", { kernel_shape: [2, 2] });
    const nodes = [node("ConvTranspose", "x w", "u", attributes), pool];
    const network = passOf(nodes, { initializers: new Map([["w", normal([5, 3, 3, 3], 1)]]) });
    return runGraph(gradientGraph(network, x.shape, { provider }).graph, { x, dy });
  };
  for (const provider of PROVIDERS) {
    const stated = await run(provider, { pads: [1, 1, 1, 1] });
    expect(await run(provider, { auto_pad: "SAME_UPPER" })).toEqual(stated);
  }
});

test("graphs of one network share the reversed copy of a weight", () => {
  const network = passOf([node("Conv", "x w", "y")], {
    initializers: new Map([["w", normal([5, 3, 2, 2], 1)]]),
    derived: new DerivedTensors(),
  });
  const copyFor = (pass: ForwardPass, side: number) => {
    const { graph } = gradientGraph(pass, [1, 3, side, side], { provider: "cpu" });
    return graph.initializers.get(graph.nodes.at(-1)!.inputs[1]!);
  };
  const other = { ...network, derived: new DerivedTensors() };
  expect(copyFor(network, 6)?.shape).toEqual([3, 5, 2, 2]);
  expect(copyFor(network, 7)).toBe(copyFor(network, 6));
  expect(copyFor(other, 7)).not.toBe(copyFor(network, 6));
});

describe("Conv with a weight and a bias that the image makes", () => {
  const named = convolutions.filter(({ name }) =>
    /^(3x3, stride 2|unequal strides|pads wider|dilated|two|three groups|depthwise$|SAME_LOWER|one-dim)/.test(
      name,
    ),
  );

  test.each(named)("$name matches central differences", async ({ x, w, attributes = {} }) => {
    const inputs = [normal(x, 1), normal(w, 2), normal([w[0]!], 3)];
    await checkVjp(conv, { op: "Conv", attributes, inputs });
  });

  test("half of it is caught", async () => {
    const inputs = [normal([2, 3, 9, 8], 1), normal([5, 3, 3, 3], 2)];
    const attributes = { strides: [2, 2], pads: [1, 1, 1, 1] };
    const halved: VjpRule = (context) => {
      const right = conv(context);
      const pullback: typeof right.pullback = ([dY]) => {
        const [dX, dW] = right.pullback([dY ?? null]);
        return [dX ?? null, dW ? context.mul(dW, context.graph.scalar(0.5)) : null];
      };
      return { ...right, pullback };
    };
    const check = checkVjp(halved, { op: "Conv", attributes, inputs });
    await expect(check).rejects.toThrow(/analytic/);
  });
});

/** Correlates with the weight as it is, not reversed in space. */
const unreversedKernel: VjpRule = ({ graph, inputs: [x = "", w = ""] }) => ({
  outputs: [graph.emit("Conv", [x, w], { pads: [1, 1, 1, 1] })],
  pullback: ([dY]) => {
    const swapped = graph.emit("Transpose", [w], { perm: [1, 0, 2, 3] });
    return [dY ? graph.emit("Conv", [dY, swapped], { pads: [1, 1, 1, 1] }) : null, null];
  },
});

test("checkVjp catches a kernel that was not reversed", async () => {
  const inputs = [normal([2, 3, 7, 6], 1), constant(normal([5, 3, 3, 3], 2))];
  const attributes = { pads: [1, 1, 1, 1] };
  const check = checkVjp(unreversedKernel, { op: "Conv", attributes, inputs });
  await expect(check).rejects.toThrow(/analytic/);
});
