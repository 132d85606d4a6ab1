import { expect, test } from "vitest";

import type { Provider } from "../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { formsOf } from "../../lib/autodiff/forms/index.ts";
import { runGraph } from "../support/run-graph.ts";
import type { VjpRule } from "../../lib/autodiff/rule.ts";
import { RULES } from "../../lib/autodiff/rules/index.ts";
import { float } from "../../lib/onnx/model.ts";
import { checkVjp, contextOf, expectRefused } from "../support/check-vjp.ts";
import { gradientGraph, passOf } from "../support/gradient-graph.ts";
import { node } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const lrn = RULES["LRN"]!;
// every axis has its own length: ONNX's reference LRN looped over the wrong axis until 2026 because
// its tests only used [5, 5, 5, 5]
const at = normal([2, 7, 3, 4], 3);

test.each([
  { name: "AlexNet's paper", size: 5, alpha: 1e-4, beta: 0.75, bias: 2 },
  { name: "strong coupling", size: 3, alpha: 1, beta: 0.5, bias: 1 },
  { name: "any exponent", size: 3, alpha: 1, beta: 0.6, bias: 1 },
  { name: "exponent 1", size: 3, alpha: 1, beta: 1, bias: 1.5 },
  { name: "a window wider than the channels", size: 15, alpha: 1, beta: 0.75, bias: 1 },
  { name: "a window of one channel", size: 1, alpha: 1, beta: 0.75, bias: 1 },
])("$name matches central differences", async ({ size, alpha, beta, bias }) => {
  const attributes = { size, alpha: float(alpha), beta: float(beta), bias: float(bias) };
  await checkVjp(lrn, { op: "LRN", attributes, inputs: [at] });
});

// enough channels for the CPU to take them run by run: 96 and 94, each reaching into the other
const manyChannels = normal([2, 190, 3, 2], 4);

test.each([3, 15, 63])(
  "runs of channels with a window of %i match central differences",
  async (size) => {
    const attributes = { size, alpha: float(1), beta: float(0.75), bias: float(1) };
    await checkVjp(lrn, { op: "LRN", attributes, inputs: [manyChannels] });
    const context = contextOf({ op: "LRN", attributes, inputs: [manyChannels] });
    const [y] = lrn(context).outputs;
    const { nodes } = context.graph.build("lrn", [["y", y!]]);
    // a window that reaches further than a quarter of a run takes all channels at once
    expect(nodes.filter(({ op }) => op === "MatMul").length).toBe(size > 49 ? 1 : 2);
  },
);

const length = (vector: ArrayLike<number>) =>
  Math.sqrt(Array.from(vector).reduce((sum, element) => sum + element ** 2, 0));

test.each([
  // 96 and 94 channels, as of what is pooled
  { name: "the same runs", shape: [2, 190, 7, 6], runs: 2 },
  // 32 and 18 channels; what is pooled would be one run by itself
  { name: "runs of its own size", shape: [1, 50, 57, 56], runs: 2 },
])(
  "a pool that follows takes $name, and both ways are those of the whole",
  async ({ shape, runs }) => {
    const attributes = { size: 5, alpha: float(1), beta: float(0.75), bias: float(1) };
    const x = normal(shape, 5);
    const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1] };
    const pass = passOf([
      node("Relu", "x", "r"),
      node("LRN", "r", "n", attributes),
      node("MaxPool", "n", "y", pooling),
    ]);
    const both = async (provider: Provider) => {
      const { graph, layerShape } = gradientGraph(pass, x.shape, { provider });
      const { y, dx } = await runGraph(graph, { x, dy: normal(layerShape, 6) });
      return { y: y!, dx: dx!, nodes: graph.nodes };
    };
    const [cpu, cuda] = [await both("cpu"), await both("cuda")];
    expect(cuda.nodes.filter(({ op }) => op === "MaxPool").length).toBe(1);
    // along each axis, in each run; and nothing but the pooled runs is put together
    expect(cpu.nodes.filter(({ op }) => op === "MaxPool").length).toBe(2 * runs);
    for (const value of ["y", "dx"] as const) {
      const [a, b] = [cpu[value], cuda[value]];
      expect(a.shape).toEqual(b.shape);
      const difference = a.data.map((element, i) => element - b.data[i]!);
      const norm = length(b.data);
      expect(norm).toBeGreaterThan(1);
      expect(length(difference) / norm).toBeLessThan(1e-6);
    }
  },
);

test.each([
  { side: [250, 180], lengths: [16, 16, 18] },
  { side: [56, 56], lengths: [32, 18] },
  { side: [7, 5], lengths: [] },
])("50 channels of $side pixels are runs of $lengths", ({ side, lengths }) => {
  const image = { type: "float32" as const, shape: [1, 50, ...side] };
  const graph = new GraphBuilder();
  const x = graph.input("x", image.type, image.shape);
  const runs = formsOf("cpu", graph).channelRuns(x, 2);
  expect(runs.length).toBe(Math.max(1, lengths.length));
  expect(lengths.length === 0 ? [] : runs.map((run) => graph.shapeOf(run)[1])).toEqual(lengths);
});

test("a window of an even size reaches further ahead, as ONNX says, though ONNX Runtime refuses it", async () => {
  const [size, alpha, beta, bias] = [4, 0.9, 0.75, 1.5];
  const [n, channels, pixels] = [2, 7, 12];
  /** Y in float64: the window of channel c is c - 1 to c + 2. */
  const defined = (x: ArrayLike<number>) =>
    Array.from(x, (value, i) => {
      const channel = Math.floor(i / pixels) % channels;
      let squares = 0;
      for (let other = channel - 1; other <= channel + 2; other++) {
        if (other >= 0 && other < channels) squares += x[i + (other - channel) * pixels]! ** 2;
      }
      return value / (bias + (alpha / size) * squares) ** beta;
    });
  const [v, u] = [normal(at.shape, 5), normal(at.shape, 6)];
  const along = (step: number) =>
    defined(Array.from(at.data, (value, i) => value + step * u.data[i]!)).reduce(
      (sum, y, i) => sum + y * v.data[i]!,
      0,
    );
  const slope = (along(1e-5) - along(-1e-5)) / 2e-5;
  expect(at.data.length).toBe(n * channels * pixels);
  const attributes = { size, alpha: float(alpha), beta: float(beta), bias: float(bias) };
  for (const provider of ["cpu", "cuda"] as const) {
    const context = contextOf({ op: "LRN", attributes, inputs: [at] }, provider);
    const { graph } = context;
    const { outputs, pullback } = lrn(context);
    const [dX] = pullback([graph.input("dy", "float32", at.shape)]);
    const built = graph.build("lrn", [
      ["y", outputs[0]!],
      ["dx", dX!],
    ]);
    const { y, dx } = await runGraph(built, { x0: at, dy: v });
    const wanted = defined(at.data);
    expect(Math.max(...wanted.map((value, i) => Math.abs(value - y!.data[i]!)))).toBeLessThan(1e-6);
    const analytic = dx!.data.reduce((sum, value, i) => sum + value * u.data[i]!, 0);
    expect(Math.abs(analytic - slope)).toBeLessThan(1e-4);
  }
});

test("takes ONNX's defaults", async () => {
  await checkVjp(lrn, { op: "LRN", attributes: { size: 5 }, inputs: [at] });
});

test("rejects an input that is not [N, C, H, W]", () => {
  const attributes = { size: 5 };
  expectRefused(
    lrn,
    { op: "LRN", attributes, inputs: [normal([2, 7, 3], 1)] },
    "its input has shape [2, 7, 3]; reshape it to [N, C, H, W]",
  );
});

const ATTRIBUTES = { size: 5, alpha: float(1), beta: float(0.75), bias: float(1) };

/** The right forward pass with the pullback of an exponent 1 % larger. */
const wrongExponent: VjpRule = (context) => {
  const attributes = { ...ATTRIBUTES, beta: float(0.7575) };
  const { pullback } = lrn({ ...context, node: { ...context.node, attributes } });
  return { outputs: lrn(context).outputs, pullback };
};

test("checkVjp catches a 1 % error in the exponent", async () => {
  const check = checkVjp(wrongExponent, { op: "LRN", attributes: ATTRIBUTES, inputs: [at] });
  await expect(check).rejects.toThrow(/analytic/);
});
