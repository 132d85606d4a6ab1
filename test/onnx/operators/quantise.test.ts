import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { DataType } from "../../../lib/onnx/element-type.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { type Attributes, float, type Graph, type Node } from "../../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor, toNumbers } from "../../../lib/onnx/tensor.ts";
import { int32, integers, microsoft } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

const { uint8, int8 } = DataType;

/** Pseudo-random whole numbers from `least` to `most`. */
function whole(shape: readonly number[], seed: number, [least, most]: readonly [number, number]) {
  return uniform(shape, seed, [least - 0.5, most + 0.5]).data.map(Math.round);
}

/** Of x and y, where tests say nothing else. */
const GRIDS = {
  xs: floatTensor([], [0.03]),
  xz: integers(uint8, [], [117]),
  ys: floatTensor([], [0.11]),
  yz: integers(uint8, [], [90]),
};

/** x as integers, through `nodes` to the integers y, and these as numbers again. */
function quantised(
  shape: readonly number[],
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>> = {},
): Graph {
  return sketch({
    inputs: { image: shape },
    nodes: [
      node("QuantizeLinear", "image xs xz", "x"),
      ...nodes,
      node("DequantizeLinear", "y ys yz", "out"),
    ],
    outputs: ["out"],
    initializers: { ...GRIDS, ...initializers },
  });
}

const SHAPE = [2, 6, 5, 4] as const;
const weights = {
  w: integers(int8, [4, 3, 2, 3], whole([4, 3, 2, 3], 2, [-128, 127])),
  ws: floatTensor([4], [0.004, 0.002, 0.003, 0.001]),
  wz: integers(int8, [4], [0, 3, -5, 100]),
  b: int32([4], [1000, -2000, 500, 0]),
};
const square = {
  w: integers(uint8, [4, 7], whole([4, 7], 3, [0, 255])),
  ws: floatTensor([7], [0.02, 0.01, 0.03, 0.01, 0.02, 0.005, 0.04]),
  wz: integers(uint8, [7], [128, 100, 128, 0, 255, 128, 7]),
  one: floatTensor([], [0.02]),
  oneZ: integers(uint8, [], [131]),
  c: int32([7], [100, -900, 0, 5000, 30, -40, 700]),
};
const other = {
  v: integers(uint8, SHAPE, whole(SHAPE, 4, [0, 255])),
  vs: floatTensor([], [0.02]),
  vz: integers(uint8, [], [30]),
};
const pool = { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 1, 0, 1] };

interface Case {
  readonly what: string;
  readonly nodes: readonly Node[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly shape?: readonly number[];
  /** Steps from ONNX Runtime. @default half a step, which is rounding */
  readonly within?: number;
}

const unary = (op: string, attributes: Attributes = {}): Case => ({
  what: op,
  nodes: [microsoft(node(op, "x xs xz ys yz", "y", attributes))],
});

/** As the optimiser writes them, between Transposes; `x` and `y` are as they always are. */
const channelsLast = (op: string, inputs: string, attributes: Attributes): Case => ({
  what: `${op} with its channels last`,
  nodes: [
    node("Transpose", "x", "xLast", { perm: [0, 2, 3, 1] }),
    microsoft(node(op, inputs, "yLast", attributes)),
    node("Transpose", "yLast", "y", { perm: [0, 3, 1, 2] }),
  ],
});

/** Each is one operator on integers, so that ONNX Runtime rounds once, and we do not. */
const CASES: readonly Case[] = [
  {
    what: "QLinearConv with a scale for each filter",
    nodes: [node("QLinearConv", "x xs xz w ws wz ys yz b", "y", { group: 2, pads: [1, 0, 0, 1] })],
    initializers: weights,
  },
  {
    ...channelsLast("QLinearConv", "xLast xs xz w ws wz ys yz b", {
      channels_last: 1,
      group: 2,
      pads: [1, 0, 0, 1],
    }),
    initializers: weights,
  },
  channelsLast("QLinearAveragePool", "xLast xs xz ys yz", { channels_last: 1, ...pool }),
  channelsLast("QLinearGlobalAveragePool", "xLast xs xz ys yz", { channels_last: 1 }),
  {
    ...channelsLast("NhwcMaxPool", "xLast", { ...pool }),
    // the integers are those of x
    initializers: { ys: GRIDS.xs, yz: GRIDS.xz },
  },
  {
    what: "QLinearMatMul with a scale for each column",
    nodes: [node("QLinearMatMul", "x xs xz w ws wz ys yz", "y")],
    initializers: square,
  },
  {
    what: "QGemm with one scale and a factor",
    nodes: [
      microsoft(node("QGemm", "x xs xz w one oneZ c ys yz", "y", { alpha: float(0.5), transB: 0 })),
    ],
    initializers: square,
    shape: [5, 4],
  },
  {
    what: "QGemm with a scale for each column",
    nodes: [microsoft(node("QGemm", "x xs xz w ws wz c ys yz", "y", { transB: 0 }))],
    initializers: square,
    shape: [5, 4],
  },
  {
    what: "QGemm with a scale for each row that becomes a column",
    nodes: [microsoft(node("QGemm", "x xs xz turned ws wz c ys yz", "y", { transB: 1 }))],
    initializers: {
      ...square,
      turned: integers(uint8, [7, 4], whole([7, 4], 3, [0, 255])),
    },
    shape: [5, 4],
  },
  {
    what: "QLinearAdd",
    nodes: [microsoft(node("QLinearAdd", "x xs xz v vs vz ys yz", "y"))],
    initializers: other,
  },
  {
    what: "QLinearMul",
    nodes: [microsoft(node("QLinearMul", "v vs vz x xs xz ys yz", "y"))],
    initializers: other,
  },
  {
    what: "QLinearConcat",
    nodes: [microsoft(node("QLinearConcat", "ys yz x xs xz v vs vz", "y", { axis: 1 }))],
    initializers: other,
  },
  {
    what: "QLinearWhere",
    nodes: [microsoft(node("QLinearWhere", "choose x xs xz v vs vz ys yz", "y"))],
    initializers: {
      ...other,
      choose: {
        type: "bool",
        shape: [6, 1, 4],
        data: Uint8Array.from({ length: 24 }, (_, i) => i % 3 && 1),
      },
    },
  },
  unary("QLinearSigmoid"),
  unary("QLinearLeakyRelu", { alpha: float(0.3) }),
  unary("QLinearAveragePool", { ...pool, count_include_pad: 1 }),
  unary("QLinearGlobalAveragePool"),
  // a table of exponentials is rounded once more
  ...[13, 11].map((opset) => ({
    ...unary("QLinearSoftmax", { axis: 1, opset }),
    what: `QLinearSoftmax as of opset ${opset}`,
    initializers: { ys: floatTensor([], [1 / 256]), yz: integers(uint8, [], [0]) },
    within: 1.01,
  })),
  { what: "integers of another grid", nodes: [node("Identity", "x", "y")] },
  {
    what: "operators that move integers",
    nodes: [
      node("MaxPool", "x", "pooled", pool),
      node("Pad", "pooled pads xz", "padded"),
      node("Concat", "padded padded", "twice", { axis: 1 }),
      node("Transpose", "twice", "y", { perm: [0, 3, 1, 2] }),
    ],
    initializers: { pads: intsTensor([0, 0, 1, 0, 0, 2, 0, 1]) },
  },
];

/** Numbers that are integers of the grid, so that nothing is lost on the way in. */
function onGrid(shape: readonly number[], [least, most]: readonly [number, number] = [0, 255]) {
  return floatTensor(
    shape,
    whole(shape, 5, [least, most]).map((q) => (q - 117) * 0.03),
  );
}

async function outputsOf(bytes: Uint8Array, graph: Graph, image: Tensor) {
  const [wanted, given] = await Promise.all([
    runModel(bytes, { image }),
    runModel(encodeModel(graph), { image }),
  ]);
  const [a, b] = [wanted["out"], given["out"]];
  if (a?.type !== "float32" || b?.type !== "float32") throw new Error("no floats");
  expect(b.shape).toEqual(a.shape);
  return { wanted: a.data, given: b.data };
}

describe("operators on integers", () => {
  test.each(CASES)(
    "$what: less than a step from ONNX Runtime",
    async ({ nodes, initializers = {}, shape = SHAPE, within = 0.51 }) => {
      const bytes = writeModel(quantised(shape, nodes, initializers), 17);
      const { graph } = decodeModel(bytes);
      const { wanted, given } = await outputsOf(bytes, graph, onGrid(shape));
      const [step = 0] = toNumbers({ ...GRIDS, ...initializers }.ys);
      const furthest = Math.max(...given.map((x, i) => Math.abs(x - wanted[i]!) / step));
      expect(furthest).toBeLessThan(within);
      expect(new Set(wanted).size).toBeGreaterThan(2);
    },
  );

  test("the check sees a zero point that is one off", async () => {
    const [{ nodes, initializers }] = CASES as [Case];
    const bytes = writeModel(quantised(SHAPE, nodes, initializers), 17);
    const off = { ...initializers, wz: integers(int8, [4], [1, 3, -5, 100]) };
    const { graph } = decodeModel(writeModel(quantised(SHAPE, nodes, off), 17));
    const { wanted, given } = await outputsOf(bytes, graph, onGrid(SHAPE));
    expect(Math.max(...given.map((x, i) => Math.abs(x - wanted[i]!) / 0.11))).toBeGreaterThan(0.9);
  });

  test.each([
    [
      "ConvInteger",
      "x w xz oneZ",
      { group: 2 },
      { ...weights, oneZ: integers(int8, [], [-9]) },
      SHAPE,
    ],
    ["MatMulInteger", "x w xz wz", {}, square, SHAPE],
  ] as const)("%s: the sums, with a bias", async (op, inputs, attributes, initializers, shape) => {
    const graph = sketch({
      inputs: { image: shape },
      nodes: [
        node("QuantizeLinear", "image xs xz", "x"),
        node(op, inputs, "sums", attributes),
        node("Add", "bias sums", "biased"),
        node("Cast", "biased", "out", { to: 1 }),
      ],
      outputs: ["out"],
      initializers: { ...GRIDS, ...initializers, bias: int32([], [-70_000]) },
    });
    const bytes = writeModel(graph, 17);
    const { wanted, given } = await outputsOf(bytes, decodeModel(bytes).graph, onGrid(shape));
    given.forEach((x, i) => expect(x).toBeCloseTo(wanted[i]!, 0));
  });

  test("what quantises each value by its own range computes the float network", async () => {
    const graph = sketch({
      inputs: { image: SHAPE },
      nodes: [
        node("DynamicQuantizeLinear", "image", "x scale zero"),
        node("MatMulInteger", "x w zero wz", "sums"),
        node("Cast", "sums", "cast", { to: 1 }),
        node("Mul", "scale ws", "scales"),
        node("Mul", "cast scales", "out"),
      ],
      outputs: ["out"],
      initializers: square,
    });
    const bytes = writeModel(graph, 17);
    const { wanted, given } = await outputsOf(bytes, decodeModel(bytes).graph, onGrid(SHAPE));
    // the scale is that of 255 steps over 7.65: four products, each half a step off at most
    given.forEach((x, i) => expect(Math.abs(x - wanted[i]!)).toBeLessThan(0.16));
  });
});
