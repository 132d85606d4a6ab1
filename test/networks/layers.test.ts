import { describe, expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { LayerNotFoundError } from "../../lib/networks/errors.ts";
import { findLayer } from "../../lib/networks/find-layer.ts";
import { layerTable } from "../../lib/networks/layers.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";

const named = (name: string, of: Node): Node => ({ ...of, name });

/** Names as Caffe2, PyTorch (by path and counted up) and Keras write them, in one network. */
const graph = sketch({
  inputs: { data: [null, 3, null, null] },
  nodes: [
    node("Conv", "data conv1/3x3_w_0 conv1/3x3_b_0", "conv1/3x3_1"),
    node("Relu", "conv1/3x3_1", "conv1/3x3_2"),
    named("/features/0/Conv", node("Conv", "conv1/3x3_2 features.0.weight", "/features/0/out")),
    named("Relu_7", node("Relu", "/features/0/out", "487")),
    named("Conv_8", node("Conv", "487 layer1.conv.weight", "488")),
    node("Shape", "488", "s"),
    node("Mul", "s one", "s1"),
    node("Reshape", "488 s1", "view"),
    node("Mul", "view half", "scaled"),
    node("Reshape", "dense/kernel:0 matrix", "kernel"),
    node("Flatten", "scaled", "flat"),
    node("MatMul", "flat kernel", "dense/MatMul:0"),
    node("Softmax", "dense/MatMul:0", "prob_1"),
  ],
  outputs: ["prob_1"],
  initializers: {
    "conv1/3x3_w_0": uniform([4, 3, 3, 3], 1),
    "conv1/3x3_b_0": uniform([4], 2),
    "features.0.weight": uniform([5, 4, 1, 1], 3),
    "layer1.conv.weight": uniform([6, 5, 1, 1], 4),
    one: intsTensor([1]),
    half: floatTensor([], [0.5]),
    "dense/kernel:0": uniform([6 * 6 * 7], 5),
    matrix: intsTensor([36, 7]),
  },
});

const model = decodeModel(writeModel(graph, 18));
const layers = layerTable(model, specialise(model, [2, 3, 4, 5]));

describe("layerTable", () => {
  test("tells what each layer reads, through plumbing, and what it is part of", () => {
    expect(layers.map(({ name, inputs, module }) => [name, inputs, module])).toEqual([
      ["data", [], ""],
      ["conv1-3x3", [1], "conv1"],
      ["conv1-3x3-relu", [2], "conv1"],
      ["features.0", [3], "features"],
      ["Relu_7", [4], ""],
      ["layer1.conv", [5], "layer1"],
      ["scaled", [6], ""],
      ["dense", [7], ""],
      ["prob", [8], ""],
    ]);
  });

  test("counts operators on image data from 1, the input first, no plumbing", () => {
    expect(layers.map(({ index, name, type, shape }) => [index, name, type, shape])).toEqual([
      [1, "data", "Input", [2, 3, 4, 5]],
      [2, "conv1-3x3", "Conv", [2, 4, 2, 3]],
      [3, "conv1-3x3-relu", "Relu", [2, 4, 2, 3]],
      [4, "features.0", "Conv", [2, 5, 2, 3]],
      [5, "Relu_7", "Relu", [2, 5, 2, 3]],
      [6, "layer1.conv", "Conv", [2, 6, 2, 3]],
      [7, "scaled", "Mul", [2, 6, 2, 3]],
      [8, "dense", "MatMul", [2, 7]],
      [9, "prob", "Softmax", [2, 7]],
    ]);
  });

  test("lists trained tensors under their names in the file", () => {
    expect(layers.map(({ learnables }) => learnables)).toEqual([
      [],
      [
        { name: "conv1/3x3_w_0", shape: [4, 3, 3, 3] },
        { name: "conv1/3x3_b_0", shape: [4] },
      ],
      [],
      [{ name: "features.0.weight", shape: [5, 4, 1, 1] }],
      [],
      [{ name: "layer1.conv.weight", shape: [6, 5, 1, 1] }],
      [],
      [{ name: "dense/kernel:0", shape: [36, 7] }],
      [],
    ]);
    expect(layers.map(({ learnableCount }) => learnableCount)).toEqual([
      0, 112, 0, 20, 0, 30, 0, 252, 0,
    ]);
    expect(layers.map(({ channels }) => channels)).toEqual([3, 4, 4, 5, 5, 6, 6, 7, 7]);
  });

  test("tells trained tensors from an image and from statistics, whatever operator has them", () => {
    const nodes = [
      node("InstanceNormalization", "image of1 on1", "1"),
      node("BatchNormalization", "1 of2 on2 mean variance", "2"),
      node("PRelu", "2 slope", "3"),
      node("Add", "shift 3", "4"),
      node("Sub", "4 less", "5"),
      node("Mul", "times 5", "6"),
      node("Div", "6 by", "7"),
      // no weight, but one number that is repeated
      node("RandomNormalLike", "7", "noise"),
      node("Add", "7 noise", "noisy"),
      node("Add", "noisy 3", "8"),
      node("ConvTranspose", "8 kernel bias", "9"),
      node("LayerNormalization", "9 of3 on3", "10"),
      node("Flatten", "10", "flat"),
      node("Gemm", "flat matrix offset", "11"),
      node("Reshape", "11 steps", "12"),
      // lengths and states are no weights
      node("LSTM", "12 input1 hidden1 bias1 lengths state1 state1 peepholes", "13", {
        hidden_size: 2,
      }),
      node("Squeeze", "13 directions", "14"),
      node("GRU", "14 input2 hidden2 bias2 lengths state2", "15", { hidden_size: 3 }),
    ];
    const perPlane = ["slope", "shift", "less", "times", "by"];
    const vectors = ["of1", "on1", "of2", "on2", "mean", "variance"];
    const network = sketch({
      inputs: { image: [1, 3, 4, 5] },
      nodes,
      outputs: ["15"],
      initializers: {
        ...Object.fromEntries(perPlane.map((name, i) => [name, uniform([3, 1, 1], i)])),
        ...Object.fromEntries(vectors.map((name, i) => [name, uniform([3], 9 + i)])),
        kernel: uniform([3, 1, 1, 1], 20),
        bias: uniform([1], 21),
        of3: uniform([5], 22),
        on3: uniform([5], 23),
        matrix: uniform([20, 2], 24),
        offset: uniform([2], 25),
        steps: intsTensor([2, 1, 1]),
        input1: uniform([1, 8, 1], 26),
        hidden1: uniform([1, 8, 2], 27),
        bias1: uniform([1, 16], 28),
        lengths: intsTensor([2]),
        state1: uniform([1, 1, 2], 29),
        peepholes: uniform([1, 6], 30),
        directions: intsTensor([1]),
        input2: uniform([1, 9, 2], 31),
        hidden2: uniform([1, 9, 3], 32),
        bias2: uniform([1, 18], 33),
        state2: uniform([1, 1, 3], 34),
      },
    });
    const trained = decodeModel(writeModel(network, 18));
    const [, ...table] = layerTable(trained, specialise(trained, [1, 3, 4, 5]));
    expect(table.map(({ learnables }) => learnables.map(({ name }) => name).join(" "))).toEqual([
      "of1 on1",
      "of2 on2",
      "slope",
      "shift",
      "less",
      "times",
      "by",
      "",
      "",
      "kernel bias",
      "of3 on3",
      "matrix offset",
      "input1 hidden1 bias1 peepholes",
      "input2 hidden2 bias2",
    ]);
    // two steps, of one value that comes and two of the state before, in four gates of two units
    expect(table.at(-2)!.node!.multiplyAdds).toBe(2 * (1 + 2) * 4 * 2);
  });

  test("has the same indices and names at a size that does not fit", () => {
    const small = layerTable(model, specialise(model, [1, 3, 2, 2]));
    expect(small.map(({ name }) => name)).toEqual(layers.map(({ name }) => name));
    expect(small[1]?.shape).toBeNull();
  });
});

describe("findLayer", () => {
  test.each<[string | number, number]>([
    [1, 1],
    [9, 9],
    ["conv1-3x3", 2],
    ["conv1/3x3", 2],
    ["conv1/3x3_1", 2],
    ["conv1.3x3", 2],
    ["conv1/3x3_2", 3],
    ["/features/0/Conv", 4],
    ["features.0", 4],
    ["features/0", 4],
    ["/features/0/out", 4],
    ["487", 5],
    [487, 5],
    [488, 6],
    ["Conv_8", 6],
    ["view", 6],
    ["flat", 7],
    ["dense", 8],
    ["dense/MatMul:0", 8],
    ["prob", 9],
  ])("%o is layer %i", (reference, index) => {
    expect(findLayer(layers, reference).index).toBe(index);
  });

  test.each<[string | number, string]>([
    [0, "there is no layer 0: indices are whole numbers from 1 to 9"],
    [10, "there is no layer 10: indices are whole numbers from 1 to 9"],
    [2.5, "there is no layer 2.5"],
    [NaN, "there is no layer NaN"],
    ["conv1", "did you mean 'conv1-3x3' (2) or 'conv1-3x3-relu' (3) or "],
    ["porb", "there is no layer 'porb' among 9; did you mean 'prob' (9)?"],
    ["", "there is no layer '' among 9; did you mean "],
    ["9", "there is no layer '9' among 9; an index is written without quotes: 9"],
    ["3", "there is no layer '3' among 9; an index is written without quotes: 3"],
    ["10", "there is no layer '10' among 9; see the network's layer table"],
    ["no such name", "there is no layer 'no such name' among 9; see the network's layer table"],
  ])("%o is refused", (reference, message) => {
    const finding = () => findLayer(layers, reference);
    expect(finding).toThrow(LayerNotFoundError);
    expect(finding).toThrow(message);
  });

  test("a number is an index first, and in quotes a name", () => {
    const counted = sketch({
      inputs: { x: [1, 3, 4, 5] },
      nodes: [node("Abs", "x", "3"), node("Neg", "3", "2"), node("Exp", "2", "4")],
      outputs: ["4"],
      initializers: {},
    });
    const old = decodeModel(writeModel(counted, 18));
    const table = layerTable(old, specialise(old, [1, 3, 4, 5]));
    expect(table.map(({ name }) => name)).toEqual(["x", "3", "2", "4"]);
    const references = [2, "2", 3, "3", 4, "4"];
    expect(references.map((each) => findLayer(table, each).index)).toEqual([2, 3, 3, 2, 4, 4]);
  });

  test("a name that two layers answer to", () => {
    const shared = sketch({
      inputs: { x: [1, 3, 4, 5] },
      nodes: [
        named("a", node("Conv", "x stem.weight", "y1")),
        named("b", node("Conv", "y1 stem.weight", "y2")),
      ],
      outputs: ["y2"],
      initializers: { "stem.weight": uniform([3, 3, 1, 1], 1) },
    });
    const twice = decodeModel(writeModel(shared, 18));
    const table = layerTable(twice, specialise(twice, [1, 3, 4, 5]));
    expect(() => findLayer(table, "stem")).toThrow(
      "layer 'stem' is ambiguous: it may be 2 'a', 3 'b'; give the index or the full name",
    );
  });
});
