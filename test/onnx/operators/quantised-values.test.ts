import { describe, expect, test } from "vitest";

import { findLayer } from "../../../lib/networks/find-layer.ts";
import { layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { DataType } from "../../../lib/onnx/element-type.ts";
import type { Attributes, Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../../lib/optvis/graph/vjp-graph.ts";
import { int32, integers } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runGraph } from "../../support/run-graph.ts";

const { uint8, int8, uint16, int16, uint4, int4 } = DataType;

describe("constants", () => {
  const realOf = (
    nodes: readonly Node[],
    initializers: Readonly<Record<string, Tensor>>,
    opset: number,
  ) => {
    const graph = sketch({
      inputs: { image: [1, 3, 2, 2] },
      nodes: [...nodes, node("Shape", "image", "shape"), node("Add", "image image", "out")],
      outputs: ["out", "real"],
      initializers,
    });
    const model = decodeModel(writeModel(graph, opset));
    return specialise(model, [1, 3, 2, 2]).facts.get("real")?.constant;
  };
  const w = integers(int4, [2, 5], [-8, 7, 1, 0, -1, 2, 3, -4, 5, 6]);

  test("with a scale for each block", () => {
    const given = realOf(
      [node("DequantizeLinear", "w s z", "real", { axis: 1, block_size: 2 })],
      {
        w,
        s: floatTensor([2, 3], [1, 10, 100, 0.5, 2, 4]),
        z: integers(int4, [2, 3], [0, 1, 2, -1, 0, 3]),
      },
      21,
    );
    expect(given).toEqual(floatTensor([2, 5], [-8, 7, 0, -10, -300, 1.5, 2, -8, 10, 12]));
  });

  test("with a scale for each row, and with none for the zero point", () => {
    const s = floatTensor([2], [0.5, 2]);
    const row = node("DequantizeLinear", "w s", "real", { axis: 0 });
    expect(realOf([row], { w, s }, 21)).toEqual(
      floatTensor([2, 5], [-4, 3.5, 0.5, 0, -0.5, 4, 6, -8, 10, 12]),
    );
    const bias = node("DequantizeLinear", "w s", "real");
    const one = { w: int32([3], [70_000, -3, 0]), s: floatTensor([], [0.25]) };
    expect(realOf([bias], one, 13)).toEqual(floatTensor([3], [17_500, -0.75, 0]));
  });

  test("numbers that the file has rounded on the way are rounded: halves to even, ends held", () => {
    const nodes = [node("QuantizeLinear", "w s z", "q"), node("DequantizeLinear", "q s z", "real")];
    const given = realOf(
      nodes,
      {
        w: floatTensor([1, 6], [0.25, 0.75, -0.25, 1.1, 900, -900]),
        s: floatTensor([], [0.5]),
        z: integers(int8, [], [3]),
      },
      13,
    );
    expect(given).toEqual(floatTensor([1, 6], [0, 1, 0, 1, 62, -65.5]));
  });
});

/** The pair that stands around every value of a quantised network. */
const pair = (grid: string, attributes: Attributes = {}): readonly Node[] => [
  node("Relu", "image", "r"),
  node("QuantizeLinear", `r ${grid}`, "q", attributes),
  node("DequantizeLinear", `q ${grid}`, "d", attributes),
  node("Mul", "d two", "out"),
];
const two = { two: floatTensor([], [2]) };
const imageShape = [1, 3, 2, 2] as const;
const image = floatTensor(imageShape, [-1, 0.2, 0.4, 3, 0.1, 5, 0.9, -2, 7, 0.3, 0.6, 2]);

async function gradientOf(nodes: readonly Node[], initializers: Readonly<Record<string, Tensor>>) {
  const graph = sketch({ inputs: { image: imageShape }, nodes, outputs: ["out"], initializers });
  const model = decodeModel(writeModel(graph, 21));
  const layer = findLayer(layerTable(model, specialise(model, imageShape)), "out");
  const vjp = vjpGraph(layerPass(model, layer, imageShape), "cpu");
  const cotangent = floatTensor(
    imageShape,
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  const { value, gradient } = await runGraph(vjp, { image, cotangent });
  return {
    value: [...value!.data],
    gradient: [...gradient!.data],
    ops: vjp.nodes.map(({ op }) => op),
  };
}

describe("a pair of QuantizeLinear and DequantizeLinear", () => {
  test("passes value and gradient straight through within its range, and nothing beyond", async () => {
    const grid = { s: floatTensor([], [0.01]), z: integers(uint8, [], [0]) };
    const { value, gradient, ops } = await gradientOf(pair("s z"), { ...grid, ...two });
    // 0 to 2.55
    const wanted = [...image.data].map((x) => 2 * Math.min(Math.max(x, 0), 2.55));
    value.forEach((x, i) => expect(x).toBeCloseTo(wanted[i]!, 5));
    expect(gradient).toEqual([0, 4, 6, 0, 10, 0, 14, 0, 0, 20, 22, 24]);
    expect(ops).not.toContain("Div");
  });

  test.each([
    [uint16, 0, 0.65535],
    [int16, -32_768, 0.65535],
    [uint4, 0, 0.00015],
    [int4, -8, 0.00015],
    [int8, -128, 0.00255],
  ])("of type %i reaches as far as that does", async (stored, zero, most) => {
    const grid = { s: floatTensor([], [0.00001]), z: integers(stored, [], [zero]) };
    const { value } = await gradientOf(pair("s z"), { ...grid, ...two });
    expect(value[3]).toBeCloseTo(2 * most, 6);
  });

  test("may have a scale for each channel", async () => {
    const grid = { s: floatTensor([3], [0.01, 0.02, 0.001]), z: integers(uint8, [3], [0, 55, 0]) };
    const { value, gradient } = await gradientOf(pair("s z", { axis: 1 }), { ...grid, ...two });
    const most = [2.55, 4, 0.255];
    const wanted = [...image.data].map(
      (x, i) => 2 * Math.min(Math.max(x, 0), most[Math.floor(i / 4)]!),
    );
    value.forEach((x, i) => expect(x).toBeCloseTo(wanted[i]!, 5));
    expect(gradient).toEqual([0, 4, 6, 0, 10, 0, 14, 0, 0, 0, 0, 0]);
  });

  test("is no layer, and its neighbours are told to be quantised", () => {
    const grid = { s: floatTensor([], [0.01]), z: integers(uint8, [], [0]) };
    const graph = sketch({
      inputs: { image: imageShape },
      nodes: [...pair("s z"), node("Tanh", "out", "last")],
      outputs: ["last"],
      initializers: { ...grid, ...two },
    });
    const model = decodeModel(writeModel(graph, 13));
    const layers = layerTable(model, specialise(model, imageShape));
    expect(layers.map(({ type, quantised: is }) => [type, is])).toEqual([
      ["Input", false],
      ["Relu", true],
      ["Mul", true],
      ["Tanh", false],
    ]);
    expect(findLayer(layers, "d").name).toBe(findLayer(layers, "r").name);
  });
});

test("a file that names one tensor with thousands of scales is read without making all of them", () => {
  const count = 2000;
  const names = Array.from({ length: count }, (_, i) => i);
  const graph = sketch({
    inputs: { image: [1, 3, 2, 2] },
    nodes: [
      ...names.map((i) => node("DequantizeLinear", `w s${i}`, `w${i}`)),
      node("Sum", `image ${names.map((i) => `w${i}`).join(" ")}`, "out"),
    ],
    outputs: ["out"],
    initializers: {
      w: integers(int8, [100_000, 3, 1, 1], new Float32Array(300_000)),
      ...Object.fromEntries(names.map((i) => [`s${i}`, floatTensor([], [i + 1])])),
    },
  });
  const { initializers } = decodeModel(writeModel(graph, 17)).graph;
  const elements = [...initializers.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  expect(elements).toBeLessThan(300_000 * 3 + 2 ** 20 + 3 * count);
});

test.each([
  [
    "does not fit axis 1",
    [node("QuantizeLinear", "image s z", "out")],
    { s: floatTensor([3, 2], [1, 2, 3, 4, 5, 6]), z: integers(uint8, [], [0]) },
  ],
  [
    "blocks of a value that is no constant",
    [node("QuantizeLinear", "image s z", "out", { block_size: 2 })],
    { s: floatTensor([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), z: integers(uint8, [], [0]) },
  ],
  [
    "input 2 is missing",
    [{ ...node("QLinearConcat", "s z", "out", { axis: 1 }), domain: "com.microsoft" }],
    { s: floatTensor([], [1]), z: integers(uint8, [], [0]) },
  ],
])("%s: refused, and nothing before it", (message, nodes, initializers) => {
  const graph = sketch({ inputs: { image: [1, 3, 2, 2] }, nodes, outputs: ["out"], initializers });
  const model = decodeModel(writeModel(graph, 21));
  const { problems } = specialise(model, [1, 3, 2, 2]);
  expect(problems.get("out")?.message).toContain(message);
});
