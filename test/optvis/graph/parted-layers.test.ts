import { expect, test } from "vitest";

import { type Layer, layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import {
  type FloatTensor,
  floatTensor,
  intsTensor,
  sizeOf,
  toNumbers,
} from "../../../lib/onnx/tensor.ts";
import { differentiableGraph } from "../../../lib/optvis/graph/differentiable-graph.ts";
import { layerPass, shapeMismatch } from "../../../lib/optvis/graph/layer-pass.ts";
import { passFlops } from "../../../lib/optvis/graph/pass-flops.ts";
import { passBytes } from "../../../lib/optvis/graph/pass-memory.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal, uniform } from "../../support/random.ts";

/** 2 x 3 windows of 2 x 4 tokens of 5 features, as exporters write them for one image. */
const graph = sketch({
  inputs: { image: [1, 3, 4, 12] },
  nodes: [
    node("Conv", "image kernel", "maps"),
    node("Transpose", "maps", "last", { perm: [0, 2, 3, 1] }),
    node("Reshape", "last cut", "cutUp"),
    node("Transpose", "cutUp", "together", { perm: [0, 1, 3, 2, 4, 5] }),
    node("Reshape", "together windows", "tokens"),
    node("MatMul", "tokens matrix", "features"),
    node("Sigmoid", "features", "gated"),
    // all tokens in a row, as [N * T, C]
    node("Reshape", "gated row", "flat"),
    node("Mul", "flat slopes", "scaled"),
    node("Reshape", "scaled whole", "back"),
    node("ReduceMean", "back one", "means", { keepdims: 0 }),
    node("Gemm", "means classifier", "classes"),
    // windows before images: what belongs to an image does not lie together
    node("Transpose", "tokensOfAll", "mixedUp", { perm: [1, 0, 2, 3] }),
    node("Reshape", "gated byWindow", "tokensOfAll"),
    node("Reshape", "mixedUp windowsOf7", "mixed"),
    node("Tanh", "mixed", "strange"),
  ],
  outputs: ["classes", "strange"],
  initializers: {
    kernel: uniform([5, 3, 1, 1], 1, [-1, 1]),
    cut: intsTensor([1, 2, 2, 3, 4, 5]),
    windows: intsTensor([6, 8, 5]),
    matrix: uniform([5, 7], 2, [-1, 1]),
    row: intsTensor([48, 7]),
    slopes: uniform([7], 3, [-1, 1]),
    whole: intsTensor([1, 48, 7]),
    one: intsTensor([1]),
    classifier: uniform([7, 9], 4, [-1, 1]),
    byWindow: intsTensor([-1, 6, 8, 7]),
    windowsOf7: intsTensor([-1, 8, 7]),
  },
});
const model = decodeModel(writeModel(graph, 18));
const layers = layerTable(model, specialise(model, [1, 3, 4, 12]));
const named = (name: string): Layer => layers.find(({ value }) => value === name)!;

const images = [normal([1, 3, 4, 12], 7), normal([1, 3, 4, 12], 8)];
const both = floatTensor(
  [2, 3, 4, 12],
  images.flatMap(({ data }) => [...data]),
);

async function ascentOf(layer: Layer, image: FloatTensor, channels: readonly number[]) {
  const shape = image.shape as [number, number, number, number];
  const made = differentiableGraph(layerPass(model, layer, shape), {
    objective: "mean",
    provider: "cpu",
  });
  const count = layer.channels!;
  const selection = floatTensor(
    [channels.length, count],
    channels.flatMap((channel) => Array.from({ length: count }, (_, i) => Number(i === channel))),
  );
  const { activation, gradient } = await runModel(encodeModel(made), { image, selection });
  return { activation: toNumbers(activation!), gradient: gradient as FloatTensor };
}

test.each([
  ["features", 6, 7, 2],
  ["gated", 6, 7, 2],
  ["scaled", 48, 7, 1],
])("in the leading axis of %s each image has %d places", async (name, parts, channels, axis) => {
  const layer = named(name);
  expect(layer).toMatchObject({ parts, channels, channelAxis: axis });
  // the mean over all windows and tokens of an image, by ONNX Runtime from the file
  const watched = encodeModel({ ...graph, outputs: [{ name, type: "float32", shape: null }] });
  const together = await ascentOf(layer, both, [4, 2]);
  for (const [n, channel] of [4, 2].entries()) {
    const values = (await runModel(watched, { image: images[n]! }))[name]!;
    const own = toNumbers(values).filter((_, i) => i % channels === channel);
    const mean = own.reduce((sum, x) => sum + x, 0) / own.length;
    expect(together.activation[n]).toBeCloseTo(mean, 5);
    const alone = await ascentOf(layer, images[n]!, [channel]);
    expect(alone.activation[0]).toBeCloseTo(mean, 5);
    const size = sizeOf(images[n]!.shape);
    const slice = together.gradient.data.slice(n * size, (n + 1) * size);
    const off = slice.map((x, i) => x - alone.gradient.data[i]!);
    expect(Math.hypot(...off) / Math.hypot(...alone.gradient.data)).toBeLessThan(1e-6);
  }
});

test("what a pass to such a layer takes is known, for a batch too", () => {
  const layer = named("features");
  const [one, two] = [1, 2].map((n) => {
    const imageShape = [n, 3, 4, 12] as const;
    return [passFlops(model, layer, imageShape), passBytes({ model, layer, imageShape })];
  });
  expect(one!.every((amount) => amount > 0)).toBe(true);
  expect(two).toEqual(one!.map((amount) => 2 * amount));
});

test("a layer in which images do not lie together is none, and a layer of a batch has no parts", () => {
  expect(named("strange")).toMatchObject({ channels: null });
  expect(named("classes")).toMatchObject({ parts: 1, channels: 9 });
  expect(shapeMismatch(model, named("classes"), [2, 3, 4, 12])).toBeNull();
});

test.each([
  ["joined", node("Concat", "image turned", "joined", { axis: 0 })],
  ["joined, counted from the end", node("Concat", "image turned", "joined", { axis: -4 })],
  ["repeated", node("Tile", "image twice", "joined")],
])("where all images are %s, each is drawn by itself, and behind that together", (_, joining) => {
  const twofold = decodeModel(
    writeModel(
      sketch({
        inputs: { image: [1, 3, 4, 5] },
        nodes: [
          node("Neg", "image", "turned"),
          joining,
          node("Conv", "joined kernel", "maps"),
          node("Transpose", "maps", "aside", { perm: [1, 0, 2, 3] }),
          node("Tanh", "aside", "curved"),
          node("Transpose", "curved", "back", { perm: [1, 0, 2, 3] }),
          node("Tanh", "back", "again"),
          node("Reshape", "again pairs", "paired"),
          node("Tanh", "paired", "pairs_of_each"),
          node("Reshape", "again lines", "flat"),
          node("Tanh", "flat", "flattened"),
          node("Gather", "again exchanged", "other"),
          node("Split", "other", "one another", { num_outputs: 2 }),
          node("Mul", "one another", "product"),
          node("Split", "again", "left right", { num_outputs: 2 }),
          node("Add", "left right", "sum"),
        ],
        outputs: ["sum", "pairs_of_each", "flattened", "product"],
        initializers: {
          kernel: uniform([7, 3, 1, 1], 1),
          twice: intsTensor([2, 1, 1, 1]),
          pairs: intsTensor([1, 2, 7, 4, 5]),
          lines: intsTensor([-1, 7, 20]),
          exchanged: intsTensor([1, 0]),
        },
      }),
      18,
    ),
  );
  const table = layerTable(twofold, specialise(twofold, [1, 3, 4, 5]));
  const drawn = (n: number) =>
    table.filter((layer) => shapeMismatch(twofold, layer, [n, 3, 4, 5]) === null);
  const alone = drawn(1).filter((layer) => !drawn(2).includes(layer));
  expect(alone.map(({ value, parts }) => [value, parts])).toEqual([
    ["joined", 2],
    ["maps", 2],
    ["back", 2],
    ["again", 2],
    ["pairs_of_each", 1],
    ["flattened", 2],
    ["other", 2],
    ["one", 1],
    ["product", 1],
  ]);
  expect(drawn(2).at(-1)).toMatchObject({ value: "sum", parts: 1 });
});

test("where images are taken apart, or worked on together, each is drawn by itself", () => {
  const parted = decodeModel(
    writeModel(
      sketch({
        inputs: { image: [1, 3, 4, 5] },
        nodes: [
          node("Reshape", "image halves", "cut"),
          node("Transpose", "cut", "apart", { perm: [0, 2, 1, 3, 4] }),
          node("Reshape", "apart windows", "tiles"),
          node("Tanh", "tiles", "curved"),
          // of two images: both windows of the first, and both of the second
          node("Split", "curved", "upper lower", { num_outputs: 2 }),
          node("Add", "upper lower", "sum"),
          node("Shape", "curved", "lengths"),
          node("Gather", "lengths zero", "count"),
          node("Div", "count two", "half"),
          node("Slice", "curved zero half zero", "first"),
          node("Neg", "first", "turned"),
          // of two images: the first and the second of what is four, not the first of each
          node("Concat", "image image", "joined", { axis: 0 }),
          node("Gather", "joined both", "same"),
          node("Split", "same ones", "one another", { axis: 0 }),
          node("Add", "one image", "shifted"),
          // as PyTorch's softmax of three axes does, where it is not said along which
          node("Softmax", "image", "shares", { axis: 0 }),
          node("LayerNormalization", "image scale", "standard", { axis: 0 }),
        ],
        outputs: ["sum", "turned", "shifted", "shares", "standard"],
        initializers: {
          halves: intsTensor([1, 3, 2, 2, 5]),
          windows: intsTensor([-1, 3, 2, 5]),
          zero: intsTensor([0]),
          both: intsTensor([0, 1]),
          ones: intsTensor([1, 1]),
          two: intsTensor([2]),
          scale: floatTensor([1], [1]),
        },
      }),
      18,
    ),
  );
  const table = layerTable(parted, specialise(parted, [1, 3, 4, 5]));
  const drawn = (n: number) =>
    table
      .filter(({ channels }) => channels !== null)
      .filter((layer) => shapeMismatch(parted, layer, [n, 3, 4, 5]) === null)
      .map(({ value }) => value);
  expect(drawn(1)).toEqual(
    expect.arrayContaining(["sum", "turned", "shifted", "shares", "standard"]),
  );
  expect(drawn(2)).toEqual(["image", "apart", "curved"]);
});
