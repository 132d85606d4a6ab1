import { describe, expect, test } from "vitest";

import { layerTable } from "../../lib/networks/layers.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { foldConstants } from "../../lib/onnx/fold-constants.ts";
import { type Attributes, float, type Graph, type Model } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import {
  floatTensor,
  type Int32Tensor,
  intsTensor,
  sizeOf,
  type Tensor,
} from "../../lib/onnx/tensor.ts";
import { foldWeights } from "../../lib/optvis/runtime/fold-constants.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { runModel } from "../support/operator-oracle.ts";
import { uniform } from "../support/random.ts";

const modelOf = (graph: Graph): Model => decodeModel(writeModel(graph, 18));

const w = uniform([2, 7, 3, 4], 1, [-5, 5]);
const positive = uniform([2, 7, 3], 2, [0.1, 4]);
const zeros = (...shape: number[]) => floatTensor(shape, new Float32Array(sizeOf(shape)));
const scalar = (value: number): Tensor => floatTensor([], [value]);

/** As networks are folded for use. */
async function foldOnRuntime(model: Model): Promise<Model> {
  const size = { width: 5, height: 4 };
  const network = {
    model,
    fingerprint: "test",
    inputSize: size,
    mean: [0, 0, 0],
    planes: [0, 1, 2],
    scale: [1, 1, 1],
  } as const;
  return (await foldWeights(network)).model;
}

interface Row {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes?: Attributes;
}

const rows: readonly Row[] = [
  { op: "ReduceMean", inputs: [positive, intsTensor([1])] },
  { op: "ReduceMean", inputs: [positive, intsTensor([-1, 0])], attributes: { keepdims: 0 } },
  { op: "ReduceL2", inputs: [positive, intsTensor([2])] },
  { op: "Exp", inputs: [w] },
  { op: "Log", inputs: [positive] },
  { op: "Erf", inputs: [w] },
  { op: "Clip", inputs: [w, scalar(-1), scalar(2)] },
  { op: "Greater", inputs: [w, scalar(1)] },
  { op: "MatMul", inputs: [w, uniform([4, 5], 3)] },
  { op: "Einsum", inputs: [w, positive], attributes: { equation: "nchw,nch->wn" } },
  { op: "Pad", inputs: [w, intsTensor([0, 1, 2, 3, 0, 0, -1, 1]), scalar(9)] },
  { op: "Pad", inputs: [w, intsTensor([0, 1, 2, 3, 0, 0, -1, 1])] },
  ...["reflect", "edge"].map((mode) => ({
    op: "Pad",
    inputs: [w, intsTensor([0, 3, 2, 1, 1, 6, 0, 2])],
    attributes: { mode },
  })),
];

/** An image's ReLU, and one operator on weights beside it. */
function beside({ op, inputs, attributes = {} }: Row): Graph {
  const names = inputs.map((_, i) => `w${i}`);
  return sketch({
    inputs: { x: [1, 3, 4, 5] },
    nodes: [node("Relu", "x", "y"), node(op, names.join(" "), "made", attributes)],
    outputs: ["y", "made"],
    initializers: Object.fromEntries(inputs.map((tensor, i) => [names[i]!, tensor])),
    types: { made: op === "Greater" ? "bool" : inputs[0]!.type },
  });
}

/** Asserts that what was folded is what the model computes. */
async function checkFolded(graph: Graph, fold = foldOnRuntime): Promise<void> {
  const model = await fold(modelOf(graph));
  const { made } = await runModel(writeModel(graph, 18), { x: uniform([1, 3, 4, 5], 1) });
  expect(model.folded.get("made")).toEqual(made);
  expect(specialise(model, [1, 3, 4, 5]).graph.nodes.map(({ op }) => op)).toEqual(["Relu"]);
}

describe("operators on weights alone are computed beforehand, by ONNX Runtime", () => {
  test.each(rows.map((row, i) => ({ ...row, i })))("$op ($i)", async (row) => {
    await checkFolded(beside(row));
    expect.hasAssertions();
  });

  test("checkFolded catches a wrong element", async () => {
    const wrong = (model: Model) =>
      foldConstants(model, () => Promise.resolve(new Map([["made", w]])));
    await expect(checkFolded(beside({ op: "Exp", inputs: [w] }), wrong)).rejects.toThrow(/equal/);
  });
});

/** Weights in the order another framework keeps them, with a norm: conv weight = |v| rows of v. */
const prepared = modelOf(
  sketch({
    inputs: { x: [1, 3, null, null] },
    nodes: [
      node("Transpose", "v", "kernels", { perm: [3, 2, 0, 1] }),
      node("ReduceL2", "kernels axes", "norms"),
      node("Div", "kernels norms", "unit"),
      node("Mul", "unit gain", "weight"),
      node("Conv", "x weight", "features", { pads: [1, 1, 1, 1] }),
      node("Exp", "logits", "scale"),
      node("Mul", "features scale", "scaled"),
      node("Shape", "scaled", "size"),
      node("Reshape", "scaled size", "y"),
    ],
    outputs: ["y"],
    initializers: {
      v: uniform([3, 3, 3, 7], 1),
      axes: intsTensor([1, 2, 3]),
      gain: uniform([7, 1, 1, 1], 2, [0.5, 2]),
      logits: uniform([1, 7, 1, 1], 3),
    },
  }),
);

describe("a network that prepares its weights", () => {
  test("keeps only what depends on the image, at every size", async () => {
    const model = await foldOnRuntime(prepared);
    const [small, large] = [6, 9].map((side) => specialise(model, [1, 3, side, side]));
    expect(small!.graph.nodes.map(({ op }) => op)).toEqual(["Conv", "Mul", "Reshape"]);
    for (const name of ["weight", "scale", "kernels"]) {
      expect(large!.facts.get(name)?.constant).toBe(small!.facts.get(name)?.constant);
    }
    expect(large!.facts.get("y")?.shape).toEqual([1, 7, 9, 9]);

    const x = uniform([1, 3, 6, 6], 4);
    const given = await runModel(encodeModel(small!.graph), { x });
    expect(given).toEqual(await runModel(encodeModel(prepared.graph), { x }));
  });

  test("has the layers it had", async () => {
    const shape = [1, 3, 6, 6] as const;
    const before = layerTable(prepared, specialise(prepared, shape));
    const model = await foldOnRuntime(prepared);
    expect(layerTable(model, specialise(model, shape))).toEqual(before);
    expect(before.map(({ learnables }) => learnables.map(({ name }) => name))).toContainEqual([
      "v",
    ]);
  });

  test("is transposed alone where nothing else can be computed", async () => {
    const model = await foldConstants(prepared);
    expect([...model.folded.keys()]).toEqual(["kernels"]);
    const x = uniform([1, 3, 6, 6], 4);
    const { graph } = specialise(model, [1, 3, 6, 6]);
    expect(graph.nodes.map(({ op }) => op)).toContain("ReduceL2");
    const given = await runModel(encodeModel(graph), { x });
    expect(given).toEqual(await runModel(encodeModel(prepared.graph), { x }));
  });
});

describe("what is not computed beforehand", () => {
  const int32: Int32Tensor = { type: "int32", shape: [2], data: Int32Array.of(3, 4) };

  test.each<{ readonly name: string; readonly row: Row }>([
    { name: "a random operator", row: { op: "Bernoulli", inputs: [w] } },
    { name: "an operator nobody knows", row: { op: "Mystery", inputs: [w] } },
    { name: "integers of 32 bits", row: { op: "Trilu", inputs: [int32] } },
    {
      name: "more than memory has room for",
      row: {
        op: "Expand",
        inputs: [scalar(1), intsTensor([2 ** 14, 2 ** 14])],
      },
    },
    {
      name: "9 x 10^9 products",
      row: { op: "MatMul", inputs: [zeros(3_000, 1_000), zeros(1_000, 3_000)] },
    },
    {
      name: "as many of a convolution",
      row: { op: "Conv", inputs: [zeros(1, 64, 150, 150), zeros(700, 64, 3, 3)] },
    },
    {
      name: "as many of a pool",
      row: {
        op: "MaxPool",
        inputs: [zeros(1, 1, 300, 300)],
        attributes: { kernel_shape: [401, 401], pads: [200, 200, 200, 200] },
      },
    },
    {
      name: "as many of an Einsum",
      row: {
        op: "Einsum",
        inputs: [zeros(100_000), zeros(100_000)],
        attributes: { equation: "a,b->a" },
      },
    },
    {
      name: "what does not fit together",
      row: { op: "MatMul", inputs: [w, uniform([5, 4], 1)] },
    },
  ])("$name", async ({ row }) => {
    const asked: Graph[] = [];
    const model = await foldConstants(modelOf(beside(row)), (graph) => {
      asked.push(graph);
      return Promise.resolve(new Map());
    });
    expect(asked).toEqual([]);
    expect([...model.folded.keys()]).toEqual([]);
  });

  test("a product of constants of everyday size is", async () => {
    const row = { op: "MatMul", inputs: [zeros(1_000, 768), zeros(768, 768)] };
    expect([...(await foldOnRuntime(modelOf(beside(row)))).folded.keys()]).toHaveLength(1);
  });

  test("what ONNX Runtime refuses", async () => {
    // inference does not look at this axis
    const graph = beside({ op: "Hardmax", inputs: [w], attributes: { axis: 9 } });
    const model = await foldOnRuntime(modelOf(graph));
    expect([...model.folded.keys()]).toEqual([]);
  });

  test("a branch: only what its condition is made of", async () => {
    const branch = sketch({ inputs: {}, nodes: [node("Neg", "x", "z")], outputs: ["z"] });
    const graph = sketch({
      inputs: { x: [1, 3, 4, 5] },
      nodes: [
        node("Exp", "w0", "e"),
        node("Greater", "e limit", "is"),
        node("If", "is", "y", { then_branch: { graph: branch }, else_branch: { graph: branch } }),
      ],
      outputs: ["y"],
      initializers: { w0: scalar(1), limit: scalar(2) },
    });
    const model = await foldOnRuntime(modelOf(graph));
    expect([...model.folded.keys()]).toEqual(["is"]);
    const { graph: taken } = specialise(model, [1, 3, 4, 5]);
    expect(taken.nodes.map(({ op }) => op)).toEqual(["Neg", "Identity"]);
  });

  test("float attributes reach ONNX Runtime as they are", async () => {
    await checkFolded(beside({ op: "LeakyRelu", inputs: [w], attributes: { alpha: float(0.25) } }));
    expect.hasAssertions();
  });
});
