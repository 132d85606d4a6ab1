import { describe, expect, test } from "vitest";

import { PROVIDERS } from "../../lib/autodiff/provider.ts";
import type { Provider } from "../../lib/autodiff/provider.ts";
import type { VjpRule, VjpContext } from "../../lib/autodiff/rule.ts";
import { maskedMaxPoolVjp } from "../../lib/autodiff/rewrites/deferred-relu-masks.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { intsAttribute } from "../../lib/onnx/node.ts";
import type { Attributes } from "../../lib/onnx/model.ts";
import { floatTensor, type FloatTensor } from "../../lib/onnx/tensor.ts";
import { checkVjp, contextOf, runRule, type VjpCase } from "../support/check-vjp.ts";
import { maxPoolGradient } from "../support/max-pool-reference.ts";
import { onArchitecture } from "../support/on-architecture.ts";
import { distinct, normal, uniform } from "../support/random.ts";

const maxPool = RULES["MaxPool"]!;

interface Pool {
  readonly name: string;
  readonly shape: readonly number[];
  readonly attributes: Attributes;
}

const pools: readonly Pool[] = [
  {
    name: "2x2, stride 2",
    shape: [2, 3, 8, 6],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  {
    name: "2x2, stride 2, odd sizes",
    shape: [2, 3, 7, 5],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  {
    name: "3x3, stride 2",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [3, 3], strides: [2, 2] },
  },
  {
    name: "3x3, stride 2, padded as ResNet's",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  {
    name: "3x3, stride 2, padded at the end as Caffe's",
    shape: [2, 3, 8, 10],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
  },
  {
    name: "3x3, stride 2, ceil_mode",
    shape: [2, 3, 8, 10],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
  },
  {
    name: "3x3, stride 2, padded, ceil_mode",
    shape: [2, 3, 10, 7],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  {
    name: "3x3, stride 1, padded as inception's",
    shape: [2, 3, 6, 5],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  },
  { name: "3x2, stride 1", shape: [2, 3, 6, 5], attributes: { kernel_shape: [3, 2] } },
  {
    name: "4x3, strides 3 and 2, unequal pads",
    shape: [2, 3, 11, 8],
    attributes: { kernel_shape: [4, 3], strides: [3, 2], pads: [2, 0, 1, 2] },
  },
  {
    name: "2x2, stride 3, with gaps",
    shape: [2, 3, 10, 8],
    attributes: { kernel_shape: [2, 2], strides: [3, 3] },
  },
  {
    name: "5x5, stride 2, three windows deep",
    shape: [2, 3, 11, 9],
    attributes: { kernel_shape: [5, 5], strides: [2, 2], pads: [2, 2, 2, 2] },
  },
  {
    name: "9x7, stride 1 and 2, larger than the image, as YOLO's",
    shape: [2, 3, 3, 2],
    attributes: { kernel_shape: [9, 7], strides: [1, 2], pads: [4, 3, 4, 3] },
  },
  {
    name: "1x3, stride 1 and 2",
    shape: [2, 3, 4, 9],
    attributes: { kernel_shape: [1, 3], strides: [1, 2] },
  },
  {
    name: "1x1, stride 2",
    shape: [2, 3, 7, 6],
    attributes: { kernel_shape: [1, 1], strides: [2, 2] },
  },
  {
    name: "4x2, stride 2, padded, as many windows as rows",
    shape: [2, 3, 3, 4],
    attributes: { kernel_shape: [4, 2], strides: [2, 2], pads: [2, 1, 3, 1] },
  },
  { name: "everything", shape: [2, 3, 5, 4], attributes: { kernel_shape: [5, 4] } },
  {
    name: "dilated",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [3, 2], dilations: [2, 3], pads: [1, 1, 0, 1] },
  },
  {
    name: "dilated and strided",
    shape: [2, 3, 9, 8],
    attributes: { kernel_shape: [3, 2], dilations: [2, 3], strides: [2, 1] },
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
    name: "VALID",
    shape: [2, 3, 8, 7],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "VALID" },
  },
  {
    name: "storage_order 1",
    shape: [2, 3, 8, 7],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], storage_order: 1 },
  },
  {
    name: "one-dimensional",
    shape: [2, 3, 11],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0] },
  },
  {
    name: "three-dimensional",
    shape: [1, 2, 5, 6, 4],
    attributes: { kernel_shape: [2, 3, 2], strides: [2, 1, 2] },
  },
];

/** What the rule is told of its input; another form may follow from it. */
const inputsOf = [
  { kind: "signed", rule: maxPool, surroundings: {}, sign: 0 },
  { kind: "rectified", rule: maxPool, surroundings: { isRectified: () => true }, sign: 1 },
  {
    kind: "a Relu's that leaves its mask to the pool",
    rule: maskedMaxPoolVjp,
    surroundings: { isRectified: () => true },
    sign: 1,
  },
] as const;

describe.each(inputsOf)("on $kind input", ({ rule, surroundings, sign }) => {
  test.each(pools)("$name matches central differences", async ({ shape, attributes }) => {
    const x = distinct(shape, 1);
    const lowest = Math.min(...x.data) - 1;
    const at = floatTensor(
      shape,
      x.data.map((value) => value - sign * lowest),
    );
    await checkVjp(rule, { op: "MaxPool", attributes, inputs: [at], surroundings });
  });

  test.each(pools)("$name: the first of ties takes all", async ({ shape, attributes }) => {
    const at = posterised(shape, sign);
    const vjpCase: VjpCase = { op: "MaxPool", attributes, inputs: [at], surroundings };
    const { dY, expected } = reference(at, vjpCase);
    const gradientFor = async (provider: Provider) =>
      (await runRule(rule, vjpCase, provider, dY))["d_x0"]!;
    const gradients = [
      ...PROVIDERS.map((provider) => [provider, () => gradientFor(provider)] as const),
      ["cpu, ARM", () => onArchitecture("arm64", () => gradientFor("cpu"))] as const,
    ];
    for (const [form, gradient] of gradients) {
      const dX = await gradient();
      // a rectified input lets no gradient pass where it is zero, so what arrives there is free
      const counts = (i: number) => sign === 0 || at.data[i]! > 0;
      const error = dX.data.map((value, i) =>
        counts(i) ? Math.abs(value - expected.data[i]!) : 0,
      );
      expect(Math.max(...error), `form for ${form}`).toBeLessThan(1e-5);
    }
  });
});

test("auto_pad SAME of windows dilated or apart, which ONNX Runtime misreads, is the padding it stands for", async () => {
  const geometry = { kernel_shape: [3, 1], dilations: [2, 1], strides: [2, 3] };
  const dY = normal([2, 3, 4, 2], 2);
  const run = (provider: Provider, padding: Attributes) => {
    const attributes = { ...geometry, ...padding };
    const inputs = [distinct([2, 3, 8, 6], 1)];
    return runRule(maxPool, { op: "MaxPool", attributes, inputs }, provider, dY);
  };
  for (const provider of PROVIDERS) {
    // of windows of 5 rows 3 overhang, of 1 column in 3 none
    const stated = await run(provider, { pads: [1, 0, 2, 0] });
    expect(await run(provider, { auto_pad: "SAME_UPPER", ceil_mode: 1 })).toEqual(stated);
    expect(await run(provider, { auto_pad: "SAME_LOWER" })).not.toEqual(stated);
  }
});

test("auto_pad SAME of windows too far dilated for ONNX Runtime's padding is refused", () => {
  const attributes = { kernel_shape: [2, 1], dilations: [4, 1], auto_pad: "SAME_UPPER" };
  const context = contextOf({ op: "MaxPool", attributes, inputs: [normal([2, 3, 8, 6], 1)] });
  expect(() => maxPool(context)).toThrow(/no more taps than pixels of padding/);
});

test("a Relu's mask is applied at the pool: no gradient where the maximum is zero", async () => {
  const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
  const at = floatTensor([1, 1, 2, 4], [0, 0, 1, 2, 0, 0, 2, 0]);
  const dY = floatTensor([1, 1, 1, 2], [10, 20]);
  const surroundings = { isRectified: () => true };
  for (const provider of PROVIDERS) {
    const vjpCase = { op: "MaxPool", attributes, inputs: [at], surroundings };
    const { d_x0: dX } = await runRule(maskedMaxPoolVjp, vjpCase, provider, dY);
    expect([...dX!.data]).toEqual([0, 0, 0, 20, 0, 0, 0, 0]);
  }
});

/** Counts every element that equals the maximum, as a plain mask X = Y does. */
const duplicatingMask: VjpRule = ({ graph, node, inputs: [x = ""] }: VjpContext) => {
  const y = graph.emit("MaxPool", [x], node.attributes);
  return {
    outputs: [y],
    pullback: ([dY]) => {
      const isMax = graph.emit("Cast", [graph.emit("Equal", [x, y])], { to: 1 });
      return [dY ? graph.emit("Mul", [isMax, dY]) : null];
    },
  };
};

test("the comparison with ties catches a mask that duplicates gradient", async () => {
  const at = floatTensor([1, 1, 2, 2], [3, 3, 1, 3]);
  const vjpCase: VjpCase = { op: "MaxPool", attributes: { kernel_shape: [2, 2] }, inputs: [at] };
  const dY = floatTensor([1, 1, 1, 1], [1]);
  const gradientOf = async (rule: VjpRule, provider: Provider) => {
    const { d_x0: dX } = await runRule(rule, vjpCase, provider, dY);
    return [...dX!.data];
  };
  expect(await gradientOf(duplicatingMask, "cpu")).toEqual([1, 1, 0, 1]);
  expect(await gradientOf(maxPool, "cpu")).toEqual([1, 0, 0, 0]);
  expect(await gradientOf(maxPool, "cuda")).toEqual([1, 0, 0, 0]);
});

/** Few values, so that most windows hold ties: -1, 0, 1 or, rectified, 0, 1, 2. */
function posterised(shape: readonly number[], sign: number): FloatTensor {
  const { data } = uniform(shape, 7, [0, 3]);
  return floatTensor(
    shape,
    data.map((value) => Math.floor(value) - 1 + sign),
  );
}

function reference(at: FloatTensor, { attributes = {} }: VjpCase) {
  const kernel = attributes["kernel_shape"] as readonly number[];
  const graph = new GraphBuilder();
  const y = graph.emit("MaxPool", [graph.input("x", "float32", at.shape)], attributes);
  const dY = normal(graph.shapeOf(y), 9);
  const { nodes } = graph.build("g", [["y", y]]);
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(nodes[0]!, "strides", ones);
  const dilations = intsAttribute(nodes[0]!, "dilations", ones);
  const padBegins = kernel.map((k, axis) => {
    const total = (dY.shape[axis + 2]! - 1) * strides[axis]! + k - at.shape[axis + 2]!;
    if (attributes["auto_pad"] === "SAME_UPPER") return Math.floor(Math.max(total, 0) / 2);
    if (attributes["auto_pad"] === "SAME_LOWER") return Math.ceil(Math.max(total, 0) / 2);
    return intsAttribute(nodes[0]!, "pads", [...ones, ...ones].fill(0))[axis]!;
  });
  const expected = maxPoolGradient(at, dY, { kernel, strides, dilations, padBegins });
  return { dY, expected };
}
