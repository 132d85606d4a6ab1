import { expect, test } from "vitest";

import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { layerProblems } from "../../lib/pipeline/networks/layer-problems.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

/** Layers behind the first convolution, by their names, with what keeps each from being drawn. */
function layersOf(
  nodes: readonly Node[],
  more: Readonly<Record<string, Tensor>> = {},
  edit?: Parameters<typeof writeModel>[2],
) {
  const graph = sketch({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [node("Conv", "image kernel", "maps"), ...nodes],
    outputs: [nodes.at(-1)!.outputs.at(-1)!],
    initializers: { kernel: normal([4, 3, 3, 3], 1), ...more },
  });
  const model = decodeModel(writeModel(graph, 18, edit));
  const specialised = specialise(model, [1, 3, 8, 10]);
  const layers = layerTable(model, specialised);
  const problems = layerProblems(specialised, layers);
  return layers.slice(2).map(({ name, index }) => [name, problems.get(index) ?? null]);
}

test("where maxima are is known to those that read it, and has no gradient", () => {
  const nodes = [
    node("MaxPool", "maps", "pool places", { kernel_shape: [2, 2] }),
    node("Relu", "pool", "relu"),
    node("Cast", "places", "numbers", { to: 1 }),
    node("Mul", "relu numbers", "product"),
  ];
  expect(layersOf(nodes)).toEqual([
    ["pool", null],
    ["relu", null],
    ["product", null],
  ]);
});

test("a node with an output that its operator does not have is one that is not read", () => {
  const nodes = [
    node("Abs", "maps", "abs"),
    node("Relu", "abs", "relu more"),
    node("Neg", "relu", "behind"),
  ];
  const problem = "Relu 'relu': output 1 is not known";
  expect(layersOf(nodes)).toEqual([
    ["abs", null],
    ["relu", problem],
    ["behind", problem],
  ]);
});

test("numbers of a type that is not read are an obstacle to those that read them", () => {
  const FLOAT8 = 17;
  const nodes = [
    node("Cast", "stored", "weight", { to: 1 }),
    node("Relu", "maps", "relu"),
    node("Conv", "relu weight", "more"),
  ];
  const problems = layersOf(nodes, { stored: normal([5, 4, 1, 1], 2) }, ({ graph }) => {
    const tensor = graph!.initializer.find(({ name }) => name === "stored")!;
    Object.assign(tensor, { dataType: FLOAT8, rawData: new Uint8Array(20) });
  });
  expect(problems).toEqual([
    ["relu", null],
    [
      "more",
      "'stored' is of ONNX type 17, whose numbers are not read; convert it to float, or choose a layer before it",
    ],
  ]);
});

test("a quantisation to numbers that are not read is an obstacle, which says so", () => {
  const FLOAT8 = 17;
  const nodes = [
    node("QuantizeLinear", "maps scale zero", "stored"),
    node("DequantizeLinear", "stored scale zero", "read"),
    node("Relu", "read", "relu"),
  ];
  const constants = { scale: floatTensor([], [0.1]), zero: floatTensor([], [0]) };
  const problems = layersOf(nodes, constants, ({ graph }) => {
    const tensor = graph!.initializer.find(({ name }) => name === "zero")!;
    Object.assign(tensor, { dataType: FLOAT8, rawData: new Uint8Array(1), floatData: [] });
  });
  expect(problems.at(-1)).toEqual([
    "relu",
    "QuantizeLinear 'stored': numbers of ONNX type 17, as of 8-bit floats, are not read; use the model as it was before it was quantised, or quantise to integers",
  ]);
});

test("a layer is what a node computes first, whichever output that is", () => {
  const split = node("Split", "maps sizes", "_ second", { axis: 1 });
  expect(layersOf([split], { sizes: intsTensor([1, 3]) })).toEqual([["second", null]]);
});

test("an If that the image's size decides is a layer, unless its branches only move values", () => {
  const branch = (op: string) => ({
    graph: sketch({ inputs: {}, nodes: [node(op, "maps", "inner")], outputs: ["inner"] }),
  });
  const either = (one: string, other: string) => {
    const branches = { then_branch: branch(one), else_branch: branch(other) };
    return layersOf([
      node("Size", "maps", "size"),
      node("Cast", "size", "yes", { to: 9 }),
      node("If", "yes", "chosen", branches),
      node("Abs", "chosen", "after"),
    ]);
  };
  expect(either("Relu", "Identity")).toEqual([
    ["chosen", null],
    ["after", null],
  ]);
  expect(either("Identity", "Flatten")).toEqual([["after", null]]);
});

test("a constant of the type that an image's values have is one that decides as they do", () => {
  const nodes = [
    node("CastLike", "two maps", "exponent"),
    node("Pow", "maps exponent", "squares"),
    node("CastLike", "lengths sizes", "shape"),
    node("Reshape", "squares shape", "flat"),
    node("Relu", "flat", "after"),
  ];
  const constants = {
    two: intsTensor([2]),
    lengths: floatTensor([3], [1, 4, 48]),
    sizes: intsTensor([0]),
  };
  expect(layersOf(nodes, constants)).toEqual([
    ["squares", null],
    ["after", null],
  ]);
});

test("what a node that is not known leaves out keeps none from being drawn that leave out something", () => {
  const nodes = [
    { ...node("Mystery", "maps", "_ m"), domain: "com.example" },
    node("Split", "maps sizes", "_ second", { axis: 1 }),
    node("Clip", "second _ six", "clipped"),
  ];
  const constants = { sizes: intsTensor([1, 3]), six: floatTensor([], [6]) };
  expect(layersOf(nodes, constants).slice(1)).toEqual([
    ["second", null],
    ["clipped", null],
  ]);
});
