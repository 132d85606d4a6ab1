import { expect, test } from "vitest";

import { findLayer } from "../../lib/networks/find-layer.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import { channelAxes } from "../../lib/onnx/channel-axis.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { layerPass } from "../../lib/optvis/graph/layer-pass.ts";
import { int } from "../support/integers.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { uniform } from "../support/random.ts";

/** Patches as tokens with attention, a map with channels last, and a detection head. */
const graph = sketch({
  inputs: { image: [1, 3, 6, 8] },
  nodes: [
    node("Conv", "image kernel", "patches", { strides: [2, 2] }),
    node("Reshape", "patches rows", "flat"),
    node("Transpose", "flat", "tokens", { perm: [0, 2, 1] }),
    node("LayerNormalization", "tokens scale", "normed"),
    node("MatMul", "normed wide", "qkv"),
    node("Reshape", "qkv heads", "split"),
    node("Transpose", "split", "byHead", { perm: [0, 2, 1, 3] }),
    node("Transpose", "byHead", "keys", { perm: [0, 1, 3, 2] }),
    node("MatMul", "byHead keys", "scores"),
    node("Softmax", "scores", "weights", { axis: -1 }),
    node("MatMul", "weights byHead", "mixed"),
    node("Transpose", "mixed", "back", { perm: [0, 2, 1, 3] }),
    node("Reshape", "back joined", "merged"),
    node("Sigmoid", "merged", "gated"),
    node("ReduceMean", "gated one", "pooled", { keepdims: 0 }),
    node("Gemm", "pooled classifier", "classes"),
    node("Transpose", "patches", "last", { perm: [0, 2, 3, 1] }),
    node("MatMul", "last pointwise", "expanded"),
    node("Relu", "expanded", "block"),
    node("Reshape", "patches anchors", "perAnchor"),
    node("Transpose", "perAnchor", "anchorsFirst", { perm: [0, 1, 3, 4, 2] }),
    node("Reshape", "anchorsFirst boxes", "boxesOut"),
    node("Tanh", "boxesOut", "detections"),
    // a plane by itself, and among others again
    node("Gather", "patches place", "plane", { axis: 1 }),
    node("Mul", "plane two", "scaled"),
    node("Transpose", "scaled", "turned", { perm: [0, 2, 1] }),
    node("Unsqueeze", "scaled one", "first"),
    node("Neg", "first", "alone"),
    node("Conv", "alone single", "mask"),
    node("Squeeze", "mask one", "flatMask"),
    node("Sigmoid", "flatMask", "probabilities"),
    node("Reshape", "mask threeFour", "sides"),
    node("Exp", "sides", "distances"),
    node("ReduceMax", "patches one", "strongest", { keepdims: 0 }),
    node("ReduceMean", "last rowsOf", "columns", { keepdims: 0 }),
    node("Flatten", "patches", "line"),
    node("Abs", "line", "features"),
  ],
  outputs: [
    "classes",
    "block",
    "detections",
    "turned",
    "probabilities",
    "distances",
    "strongest",
    "columns",
    "features",
  ],
  initializers: {
    kernel: uniform([10, 3, 2, 2], 1, [-1, 1]),
    rows: intsTensor([1, 10, 12]),
    scale: uniform([10], 2, [0.5, 2]),
    wide: uniform([10, 14], 3, [-1, 1]),
    heads: intsTensor([1, 12, 2, 7]),
    joined: intsTensor([1, 12, 14]),
    one: intsTensor([1]),
    classifier: uniform([14, 9], 4),
    pointwise: uniform([10, 11], 5),
    anchors: intsTensor([1, 2, 5, 3, 4]),
    boxes: intsTensor([1, 24, 5]),
    place: int(4),
    two: floatTensor([], [2]),
    single: floatTensor([1, 1, 1, 1], [3]),
    threeFour: intsTensor([1, 3, 4]),
    rowsOf: intsTensor([1]),
  },
});

const model = decodeModel(writeModel(graph, 18));
const layers = layerTable(model, specialise(model, [1, 3, 6, 8]));

test.each([
  ["patches", 1, 10],
  ["tokens", 2, 10],
  ["normed", 2, 10],
  ["qkv", 2, 14],
  ["byHead", 3, 7],
  ["weights", 1, 2],
  ["mixed", 3, 7],
  ["gated", 2, 14],
  ["pooled", 1, 14],
  ["classes", 1, 9],
  ["last", 3, 10],
  ["block", 3, 11],
  ["anchorsFirst", 4, 5],
  ["detections", 2, 5],
  ["plane", 1, null],
  ["scaled", 1, null],
  ["turned", 1, null],
  ["alone", 1, 1],
  ["mask", 1, 1],
  ["probabilities", 1, null],
  ["distances", 1, 3],
  ["strongest", 1, null],
  ["columns", 2, 10],
  ["features", 1, 120],
])("the channels of '%s' lie on axis %i: %i", (name, channelAxis, channels) => {
  expect(findLayer(layers, name)).toMatchObject({ channelAxis, channels });
});

test.each([
  { name: "split in three: the last part of them", shape: [1, 2, 3, 4, 3, 4], axis: 3 },
  { name: "split in two beside places in one row", shape: [1, 4, 6, 12], axis: 2 },
  { name: "whole, before a place that is alone", shape: [1, 24, 1, 12], axis: 1 },
  { name: "whole, behind an axis of nothing", shape: [1, 1, 24, 12], axis: 2 },
])("channels that are reshaped lie where they were put: $name", ({ shape, axis }) => {
  const reshaped = sketch({
    inputs: { image: [1, 3, 6, 8] },
    nodes: [
      node("Conv", "image kernel", "maps", { strides: [2, 2] }),
      node("Reshape", "maps shape", "reshaped"),
      // the order of all axes turned round, where none is said
      node("Transpose", "reshaped", "turned"),
    ],
    outputs: ["turned"],
    initializers: { kernel: uniform([24, 3, 2, 2], 1, [-1, 1]), shape: intsTensor(shape) },
  });
  const axes = channelAxes(specialise(decodeModel(writeModel(reshaped, 18)), [1, 3, 6, 8]));
  expect([axes.get("reshaped"), axes.get("turned")]).toEqual([axis, shape.length - 1 - axis]);
});

test("the objective of a feature of tokens is its mean over the tokens", async () => {
  const layer = findLayer(layers, "gated");
  const image = uniform([2, 3, 6, 8], 6, [-2, 2]);
  const network = encodeModel({
    ...specialise(model, [2, 3, 6, 8]).graph,
    outputs: [{ name: "gated", type: "float32", shape: [2, 12, 14] }],
  });
  const { gated } = await runModel(network, { image });
  const pass = layerPass(model, layer, [2, 3, 6, 8]);
  const differentiable = differentiableGraph(pass, { objective: "mean", provider: "cpu" });
  // the fourth feature of the first image, the last of the second
  const selection = floatTensor([2, 14], new Float32Array(28));
  selection.data[3] = 1;
  selection.data[27] = 1;
  const { activation } = await runModel(encodeModel(differentiable), { image, selection });
  if (gated?.type !== "float32" || activation?.type !== "float32") throw new Error("no floats");
  const means = [3, 13].map((feature, n) => {
    const values = Array.from({ length: 12 }, (_, t) => gated.data[(n * 12 + t) * 14 + feature]!);
    return values.reduce((sum, x) => sum + x, 0) / 12;
  });
  expect(activation.data[0]).toBeCloseTo(means[0]!, 5);
  expect(activation.data[1]).toBeCloseTo(means[1]!, 5);
  expect(Math.abs(means[0]! - means[1]!)).toBeGreaterThan(1e-3);
});

test("the axis may be another than the decided; one that is not there is refused", () => {
  const layer = findLayer(layers, "gated");
  // [1, 12, 14]
  const tokens = layerPass(model, { ...layer, channelAxis: 1 }, [1, 3, 6, 8]);
  expect([tokens.channels, tokens.layerShape]).toEqual([12, [1, 12, 14]]);
  const features = layerPass(model, layer, [1, 3, 6, 8]);
  expect([features.channels, features.layerShape]).toEqual([14, [1, 14, 12]]);
  expect(() => layerPass(model, { ...layer, channelAxis: 3 }, [1, 3, 6, 8])).toThrow(
    "of [1, 12, 14] has no axis 3 for channels; wanted one of 1 to 2",
  );
});

test("channels that are indexed in front of the batch come back to their axis", () => {
  const indexed = decodeModel(
    writeModel(
      sketch({
        inputs: { image: [1, 3, 6, 8] },
        nodes: [
          node("Conv", "image kernel", "maps"),
          node("Transpose", "maps", "front", { perm: [1, 0, 2, 3] }),
          node("GatherND", "front places", "some"),
          node("Abs", "some", "positive"),
          node("Transpose", "positive", "turned", { perm: [0, 2, 3, 1] }),
          node("Transpose", "turned", "back", { perm: [3, 0, 1, 2] }),
          node("Exp", "back", "y"),
          node("Transpose", "maps", "sidesFront", { perm: [2, 3, 0, 1] }),
          node("GatherND", "sidesFront corners", "atCorners"),
          node("Transpose", "atCorners", "z", { perm: [1, 2, 0] }),
        ],
        outputs: ["y", "z"],
        initializers: {
          kernel: uniform([5, 3, 2, 3], 1),
          places: { ...intsTensor([4, 0, 0, 2]), shape: [4, 1] },
          corners: { ...intsTensor([0, 0, 4, 5]), shape: [2, 2] },
        },
      }),
      18,
    ),
  );
  const table = layerTable(indexed, specialise(indexed, [1, 3, 6, 8]));
  const axesOf = table.map(({ name, channels, channelAxis }) => [name, channels, channelAxis]);
  expect(axesOf.slice(1, 2)).toEqual([["maps", 5, 1]]);
  // where they lie in front themselves there is nothing to draw
  expect(axesOf.slice(2, 6).map(([, channels]) => channels)).toEqual([null, null, null, null]);
  expect(axesOf.slice(6, 8)).toEqual([
    ["back", 4, 1],
    ["y", 4, 1],
  ]);
  expect(axesOf.slice(9).map(([, ...axis]) => axis)).toEqual([
    [5, 2],
    [5, 1],
  ]);
});
