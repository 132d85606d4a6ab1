import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { findLayer } from "../../../lib/networks/find-layer.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import { DataType } from "../../../lib/onnx/element-type.ts";
import { float, type Node } from "../../../lib/onnx/model.ts";
import { floatTensor, intScalar, intsTensor } from "../../../lib/onnx/tensor.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { fileFacts, layerFacts } from "../../../lib/pipeline/networks/layer-facts.ts";
import { layerFactsSchema } from "../../../lib/pipeline/networks/layer-facts-schema.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { integers, microsoft } from "../../support/integers.ts";
import { type GraphSketch, node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

type Edit = NonNullable<Parameters<typeof writeModel>[2]>;

async function analysed(graph: GraphSketch, opset: number, edit?: Edit) {
  const path = join(await temporaryFolder(), "net.onnx");
  await writeFile(path, writeModel(sketch(graph), opset, edit));
  return analyseNetwork(await openNetwork(path, { folders: [], cacheFolder: "/none" }));
}

/** Of one layer, as the API and `analyze --json` have them. */
async function factsOf(network: Awaited<ReturnType<typeof analysed>>, name: string) {
  const facts = await layerFacts(network, findLayer(network.layers, name));
  expect(layerFactsSchema.parse(JSON.parse(JSON.stringify(facts)))).toEqual(facts);
  return facts;
}

const NODES = [
  node("Conv", "image w b", "conv", { strides: [2, 1], pads: [0, 1, 0, 1], group: 1 }),
  node("BatchNormalization", "conv scale b m v", "norm", { epsilon: float(1e-5) }),
  node("ConvTranspose", "norm t", "up"),
  node("Flatten", "up", "flat"),
  node("Gemm", "flat g", "dense", { transB: 1 }),
  node("MatMul", "dense p", "product"),
];

test("a layer's facts are those of the file's node, its weights and its sizes", async () => {
  const network = await analysed(
    {
      inputs: { image: [1, 3, 9, 10] },
      nodes: NODES,
      outputs: ["product"],
      initializers: {
        w: floatTensor(
          [4, 3, 3, 5],
          Float32Array.from({ length: 180 }, (_, i) => (i % 3) - 0.5),
        ),
        b: floatTensor([4], [0.1, 0, -0.1, 3]),
        scale: normal([4], 2),
        m: normal([4], 3),
        v: floatTensor([4], [1, 1, 1, 1]),
        t: normal([4, 2, 2, 3], 4),
        g: normal([6, 2 * 5 * 10], 5),
        p: normal([6, 7], 6),
      },
    },
    17,
    (model) => {
      model.producerName = "exporter";
      model.producerVersion = "1.2";
      model.graph!.node[0]!.name = "/conv1";
    },
  );
  expect(fileFacts(network)).toMatchObject({
    producer: "exporter 1.2",
    opsets: expect.arrayContaining([{ domain: "ai.onnx", version: 17 }]),
  });
  // 9 x 10, windows of 3 x 5 in steps of 2 x 1, one more on both sides of the second: 4 x 8
  const conv = await factsOf(network, "conv");
  expect(conv).toEqual({
    index: 2,
    name: expect.any(String),
    type: "Conv",
    node: {
      name: "/conv1",
      operator: "Conv",
      domain: "ai.onnx",
      opset: 17,
      attributes: [
        { name: "strides", kind: "ints", value: [2, 1], left: 0 },
        { name: "pads", kind: "ints", value: [0, 1, 0, 1], left: 0 },
        { name: "group", kind: "int", value: 1, left: 0 },
      ],
      inputs: [
        { name: "image", shape: [1, 3, 9, 10], layer: 1, constant: null },
        {
          name: "w",
          shape: [4, 3, 3, 5],
          layer: null,
          constant: {
            type: "float32",
            count: 180,
            values: null,
            statistics: { min: -0.5, mean: 0.5, max: 1.5, deviation: expect.closeTo(0.81649658) },
          },
        },
        {
          name: "b",
          shape: [4],
          layer: null,
          constant: expect.objectContaining({ count: 4, values: [0.1, 0, -0.1, 3] }),
        },
      ],
      outputs: [{ name: "conv", shape: [1, 4, 4, 8] }],
    },
    learnableCount: 184,
    // of each of 4 x 4 x 8 outputs 3 x 3 x 5 products
    multiplyAdds: 128 * 45,
  });
  const norm = await factsOf(network, "norm");
  expect(norm.node!.attributes).toEqual([{ name: "epsilon", kind: "float", value: 1e-5, left: 0 }]);
  expect(norm.multiplyAdds).toBeNull();
  const counts = network.layers.map(({ node: made }) => made?.multiplyAdds ?? null);
  // each of 4 x 4 x 8 inputs goes into 2 x 2 x 3 outputs; 100 products for 6; 6 products for 7
  expect(counts).toEqual([null, 128 * 45, null, 128 * 12, 600, 42]);
  expect(await factsOf(network, "image")).toMatchObject({ node: null, multiplyAdds: null });
});

test("where the network is looked at in other terms, the node is the file's", async () => {
  const graph: GraphSketch = {
    inputs: { image: [1, 3, 4, 5] },
    nodes: [
      node("QuantizeLinear", "image s z", "q"),
      node("QLinearConv", "q s z w ws wz s z", "conv", { group: 1 }),
      node("DequantizeLinear", "conv s z", "real"),
      microsoft(node("FusedConv", "real k", "fused", { activation: "Relu" })),
      node("Softmax", "fused", "soft"),
      { ...node("Mystery", "soft", "odd", { depth: 7 }), domain: "some.where" },
    ],
    outputs: ["odd"],
    initializers: {
      s: floatTensor([], [0.5]),
      z: integers(DataType.int8, [], [3]),
      w: integers(DataType.int8, [2, 3, 1, 1], [-7, 2, 3, 4, 5, 6]),
      ws: floatTensor([], [0.25]),
      wz: integers(DataType.int8, [], [0]),
      k: normal([4, 2, 1, 1], 1),
    },
  };
  const network = await analysed(graph, 11);
  const nodeOf = async (name: string) => (await factsOf(network, name)).node!;

  const conv = await factsOf(network, "conv");
  expect(conv).toMatchObject({ type: "Conv", learnableCount: 6, multiplyAdds: 4 * 5 * 2 * 3 });
  expect(conv.node).toMatchObject({ operator: "QLinearConv", opset: 11 });
  expect(conv.node!.inputs.map(({ name }) => name)).toEqual("q s z w ws wz s z".split(" "));
  expect(conv.node!.inputs[3]!.constant).toMatchObject({
    type: "int8",
    values: [-7, 2, 3, 4, 5, 6],
  });
  // one node of the file, two layers
  const fused = network.layers.filter(({ node: made }) => made?.outputs[0]?.name === "fused");
  expect(fused.map(({ type }) => type)).toEqual(["Conv", "Relu"]);
  for (const { name } of fused) {
    expect(await nodeOf(name)).toMatchObject({
      operator: "FusedConv",
      domain: "com.microsoft",
      attributes: [{ name: "activation", kind: "string", value: "Relu", left: 0 }],
    });
  }
  expect(await nodeOf("odd")).toMatchObject({
    operator: "Mystery",
    domain: "some.where",
    attributes: [{ name: "depth", kind: "int", value: 7, left: 0 }],
  });
});

test("scale and zero point that the file finds for each image are no constants", async () => {
  const network = await analysed(
    {
      inputs: { image: [1, 3, 4, 5] },
      nodes: [
        node("DynamicQuantizeLinear", "image", "q s z"),
        node("ConvInteger", "q w z wz", "sums"),
        node("Cast", "sums", "real", { to: DataType.float }),
        node("Mul", "ws two", "weights"),
        node("Mul", "s weights", "scale"),
        node("Mul", "real scale", "scaled"),
        node("Mul", "scaled weights", "twice"),
      ],
      outputs: ["twice"],
      initializers: {
        w: integers(DataType.int8, [2, 3, 1, 1], [-7, 2, 3, 4, 5, 6]),
        wz: integers(DataType.int8, [], [1]),
        ws: floatTensor([], [0.25]),
        two: floatTensor([], [2]),
      },
    },
    17,
  );
  const constantsOf = async (name: string) =>
    (await factsOf(network, name)).node!.inputs.map(({ constant }) => constant?.values);
  expect(await constantsOf("sums")).toEqual([undefined, [-7, 2, 3, 4, 5, 6], undefined, [1]]);
  expect(await constantsOf("scaled")).toEqual([undefined, undefined]);
  // what the file makes of weights alone is one
  expect(await constantsOf("twice")).toEqual([undefined, [0.5]]);
});

/** Of a Loop, whose rounds make y of x, [1, 2, 4, 5]. */
const bodyOf = (round: Node) =>
  sketch({
    inputs: { i: [], going: [], x: [1, 2, 4, 5] },
    types: { i: "int64", going: "bool" },
    nodes: [node("Identity", "going", "on"), round],
    outputs: ["on", "y"],
  });

test("what a Loop makes has the body's attributes, and long ones are cut", async () => {
  const body = bodyOf(node("LeakyRelu", "x", "y", { alpha: float(0.2) }));
  const network = await analysed(
    {
      inputs: { image: [1, 3, 4, 5] },
      nodes: [
        node("Conv", "image w", "conv"),
        node("Loop", "rounds _ conv", "looped", { body: { graph: body } }),
        { ...node("Odd", "looped", "odd", { list: [...Array(100).keys()] }), domain: "x" },
      ],
      outputs: ["odd"],
      initializers: { w: normal([2, 3, 1, 1], 1), rounds: intScalar(2), unread: intsTensor([1]) },
    },
    18,
  );
  const rounds = network.layers.filter(({ type }) => type === "LeakyRelu");
  expect(rounds).toHaveLength(2);
  const facts = await layerFacts(network, rounds[1]!);
  expect(facts.node).toMatchObject({
    operator: "LeakyRelu",
    attributes: [{ name: "alpha", kind: "float", value: 0.2, left: 0 }],
    outputs: [{ shape: [1, 2, 4, 5] }],
  });
  const [list] = (await factsOf(network, "odd")).node!.attributes;
  expect(list).toMatchObject({ kind: "ints", left: 36 });
  expect(list!.value).toHaveLength(64);
});

test("where a Loop's node is looked at in other terms, it reads what the round reads", async () => {
  const body = bodyOf(node("Softmax", "x", "y", { axis: 1 }));
  const network = await analysed(
    {
      inputs: { image: [1, 3, 4, 5] },
      nodes: [
        node("Conv", "image w", "conv"),
        node("Loop", "rounds _ conv", "looped", { body: { graph: body } }),
      ],
      outputs: ["looped"],
      initializers: { w: normal([2, 3, 1, 1], 1), rounds: intScalar(2) },
    },
    // the Softmax of this opset is of all axes together, and three nodes in ours
    12,
  );
  const read = network.layers
    .filter(({ type }) => type === "Softmax")
    .map((layer) => layer.node!.inputs);
  const shape = [1, 2, 4, 5];
  expect(read).toEqual([
    [{ name: "conv", shape, layer: 2 }],
    [{ name: expect.any(String), shape, layer: expect.any(Number) }],
  ]);
  expect(read[1]![0]!.name).not.toBe("x");
});

test("integers that JSON's readers would round are text, and of long lists a part is told", async () => {
  const whole = 2 ** 62;
  const network = await analysed(
    {
      inputs: { image: [1, 3, 4, 5] },
      nodes: [
        node("Slice", "image starts ends", "cut"),
        { ...node("Odd", "cut", "odd", { whole, list: [-whole, 7] }), domain: "x" },
        { ...node("Odd", "odd", "long", { list: { floats: Array(70).fill(0.5) } }), domain: "x" },
      ],
      outputs: ["long"],
      // as intsTensor has it, the largest int64
      initializers: { starts: intsTensor([1]), ends: intsTensor([2 ** 63]) },
    },
    13,
  );
  const inputs = (await factsOf(network, "cut")).node!.inputs;
  expect(inputs.map(({ constant }) => constant?.values)).toEqual([
    undefined,
    [1],
    ["9223372036854775807"],
  ]);
  expect((await factsOf(network, "odd")).node!.attributes).toEqual([
    { name: "whole", kind: "int", value: "4611686018427387904", left: 0 },
    { name: "list", kind: "ints", value: ["-4611686018427387904", 7], left: 0 },
  ]);
  const [list] = (await factsOf(network, "long")).node!.attributes;
  expect(list).toEqual({ name: "list", kind: "floats", value: Array(64).fill(0.5), left: 6 });
});
