import { describe, expect, test } from "vitest";

import type { Attributes } from "../../lib/onnx/model.ts";
import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";
import {
  convolve,
  convolutionGradient,
  distance,
  type Spatial,
  square,
} from "../support/convolution-reference.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { maxPoolGradient } from "../support/max-pool-reference.ts";
import { onArchitecture } from "../support/on-architecture.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { runGraph } from "../support/run-graph.ts";

// how ResNet, GoogLeNet and AlexNet begin: a strided convolution, a ReLU, a strided pool

interface Stem {
  readonly name: string;
  readonly image: readonly [number, number];
  readonly conv: Spatial;
  readonly pool: Spatial;
}

const byPhases: readonly Stem[] = [
  {
    name: "GoogLeNet's",
    image: [24, 32],
    conv: square(7, 2, [3, 3, 3, 3]),
    pool: square(3, 2, [0, 0, 1, 1]),
  },
  {
    name: "ResNet's, odd sizes",
    image: [27, 21],
    conv: square(7, 2, [3, 3, 3, 3]),
    pool: square(3, 2, [1, 1, 1, 1]),
  },
  {
    name: "a 5x5 with stride 2, then 2x2",
    image: [19, 26],
    conv: square(5, 2, [2, 2, 2, 2]),
    pool: square(2, 2, [0, 0, 0, 0]),
  },
  {
    name: "unequal pads, a pool with stride 3",
    image: [29, 34],
    conv: square(9, 2, [0, 2, 3, 1]),
    pool: square(4, 3, [1, 0, 0, 2]),
  },
  {
    name: "strides that differ by axis and multiply to the same",
    image: [25, 31],
    conv: { kernel: [9, 8], strides: [2, 3], pads: [1, 2, 1, 2] },
    pool: { kernel: [3, 3], strides: [3, 2], pads: [0, 1, 0, 1] },
  },
];

const whole: readonly Stem[] = [
  {
    name: "a 3x3 with stride 2, then 2x2",
    image: [19, 26],
    conv: square(3, 2, [1, 1, 1, 1]),
    pool: square(2, 2, [0, 0, 0, 0]),
  },
  {
    name: "strides that multiply to different blocks",
    image: [25, 31],
    conv: { kernel: [4, 5], strides: [2, 3], pads: [1, 2, 1, 2] },
    pool: square(3, 2, [0, 0, 0, 0]),
  },
  {
    name: "a map smaller than the pool's stride",
    image: [7, 15],
    conv: square(7, 2, [0, 0, 0, 0]),
    pool: square(3, 2, [1, 1, 1, 1]),
  },
  {
    name: "a window that phases would mostly fill with zeros",
    image: [41, 37],
    conv: square(2, 5, [0, 0, 0, 0]),
    pool: square(2, 2, [0, 0, 0, 0]),
  },
];

// of fewer outputs even a whole gradient is a sub-pixel convolution: few-channels.test.ts
const [BATCH, INPUTS, OUTPUTS] = [2, 3, 5];

describe.each([
  { way: "read as phases", stems: byPhases, isPhased: true },
  { way: "woven together", stems: whole, isPhased: false },
])("a pool's gradient $way", ({ stems, isPhased }) => {
  test.each(stems)("$name: the image's gradient is that of loops in float64", async (stem) => {
    const { graph, feeds, expected } = await onArchitecture("x64", () => prepared(stem));
    const ops = graph.nodes.map(({ op }) => op);
    expect(ops.includes("ConvTranspose")).toBe(!isPhased);
    const { dx } = await runGraph(graph, feeds);
    expect(distance(dx!, expected)).toBeLessThan(1e-6);
  });

  test.each(stems)("$name: on ARM too, without depthwise convolutions", async (stem) => {
    const { graph, feeds, expected } = await onArchitecture("arm64", () => prepared(stem));
    const { dx } = await runGraph(graph, feeds);
    expect(distance(dx!, expected)).toBeLessThan(1e-6);
    const ops = graph.nodes.map(({ op }) => op);
    expect(ops.filter((op) => op.startsWith("Conv"))).toEqual(["Conv", "ConvTranspose"]);
  });
});

test("the comparison catches the gradient of a kernel moved by a pixel", async () => {
  const [stem] = byPhases;
  const moved = { ...stem!, conv: { ...stem!.conv, pads: [2, 3, 4, 3] as const } };
  const { graph, feeds } = await prepared(moved);
  const { expected } = await prepared(stem!);
  const { dx } = await runGraph(graph, feeds);
  expect(distance(dx!, expected)).toBeGreaterThan(0.1);
});

const attributesOf = ({ kernel, strides, pads }: Spatial): Attributes => ({
  kernel_shape: kernel,
  strides,
  pads,
});

async function prepared({ image, conv, pool }: Stem) {
  const x = normal([BATCH, INPUTS, ...image], 1);
  const weight = normal([OUTPUTS, INPUTS, ...conv.kernel], 2);
  const nodes = [
    node("Conv", "x w", "c", attributesOf(conv)),
    node("Relu", "c", "r"),
    node("MaxPool", "r", "y", attributesOf(pool)),
  ];
  const pass = passOf(nodes, { initializers: new Map([["w", weight]]) });
  const { graph, layerShape } = gradientGraph(pass, x.shape, { provider: "cpu" });
  const dY = normal(layerShape, 3);

  const convolved = convolve(x, weight, conv);
  const rectified = mapped(convolved, (value) => Math.max(value, 0));
  const padBegins = pool.pads.slice(0, 2);
  const ones = [1, 1];
  const dR = maxPoolGradient(rectified, dY, { ...pool, dilations: ones, padBegins });
  const dC = floatTensor(
    convolved.shape,
    [...dR.data].map((value, i) => (convolved.data[i]! > 0 ? value : 0)),
  );
  return {
    graph,
    feeds: { x, dy: dY },
    expected: convolutionGradient(dC, weight, conv, x.shape),
  };
}

const mapped = ({ shape, data }: FloatTensor, f: (value: number) => number) =>
  floatTensor(shape, [...data].map(f));
