import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { type Attributes, float, type Graph } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import {
  type ElementType,
  floatTensor,
  intsTensor,
  type Tensor,
} from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";
import { checkUpgrade } from "../../support/check-upgrade.ts";

const x = uniform([2, 6, 3, 4], 1, [-2, 2]);

interface OldOperator {
  readonly opset: number;
  readonly op: string;
  readonly attributes?: Attributes;
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly outputs?: string;
  /** Of outputs that are not float32. */
  readonly types?: Readonly<Record<string, ElementType>>;
  /** What it becomes; by default one node of the same operator. */
  readonly becomes?: readonly string[];
  readonly x?: Tensor;
}

function oldModel({
  op,
  attributes,
  initializers = {},
  outputs = "y",
  ...given
}: OldOperator): Graph {
  const inputs = ["x", ...Object.keys(initializers)].join(" ");
  return sketch({
    inputs: { x: (given.x ?? x).shape },
    nodes: [node(op, inputs, outputs, attributes)],
    outputs: outputs.split(" "),
    initializers,
    ...(given.types && { types: given.types }),
  });
}

const byLength = (p: string) => [`ReduceL${p}`, "Max", "Div"];
const logOfSum = ["ReduceSum", "Log"];
const positive = uniform([2, 6, 3, 4], 1, [0.5, 2]);
const flattened = ["Flatten", "Softmax", "Shape", "Reshape"];

const operators: readonly OldOperator[] = [
  { opset: 7, op: "Clip", attributes: { min: float(-0.5), max: float(0.75) } },
  { opset: 10, op: "Clip", attributes: { max: float(0.75) } },
  { opset: 7, op: "Clip" },
  { opset: 11, op: "Clip", initializers: { low: floatTensor([], [0]) } },
  { opset: 12, op: "Squeeze", attributes: { axes: [1] }, x: uniform([2, 1, 3, 1], 1) },
  { opset: 8, op: "Squeeze", x: uniform([2, 1, 3, 1], 1) },
  { opset: 7, op: "Unsqueeze", attributes: { axes: [0, 3] } },
  { opset: 13, op: "Unsqueeze", initializers: { axes: intsTensor([-1]) } },
  { opset: 12, op: "ReduceSum", attributes: { axes: [1, -1], keepdims: 0 } },
  { opset: 13, op: "ReduceSum", initializers: { axes: intsTensor([1]) } },
  ...["ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"].flatMap((op): OldOperator[] => [
    { opset: 7, op, attributes: { axes: [2, 3] } },
    { opset: 17, op, attributes: { axes: [-3], keepdims: 0 } },
    { opset: 13, op },
  ]),
  { opset: 7, op: "Pad", attributes: { pads: [0, 1, 2, 0, 1, 0, -1, 1], value: float(3) } },
  { opset: 10, op: "Pad", attributes: { pads: [0, 0, 2, 1, 0, 0, 1, 2], mode: "reflect" } },
  {
    opset: 13,
    op: "Pad",
    initializers: { pads: intsTensor([0, 1, 2, 0, 1, 0, 1, 1]), value: floatTensor([], [3]) },
  },
  { opset: 9, op: "Slice", attributes: { starts: [1, -2], ends: [5, 100], axes: [1, 3] } },
  { opset: 7, op: "Slice", attributes: { starts: [0, 1], ends: [1, -1] } },
  { opset: 12, op: "Split", attributes: { axis: 1, split: [1, 5] }, outputs: "y z" },
  { opset: 7, op: "Split", attributes: { axis: 1 }, outputs: "y z w" },
  { opset: 13, op: "Split", attributes: { axis: 3 }, outputs: "y z" },
  {
    opset: 17,
    op: "Split",
    attributes: { axis: 1 },
    initializers: { sizes: intsTensor([2, 4]) },
    outputs: "y z",
  },
  { opset: 8, op: "TopK", attributes: { axis: 1, k: 2 }, outputs: "y z", types: { z: "int64" } },
  {
    opset: 10,
    op: "TopK",
    initializers: { k: intsTensor([3]) },
    outputs: "y z",
    types: { z: "int64" },
  },
  { opset: 7, op: "LpNormalization", becomes: byLength("2") },
  { opset: 18, op: "LpNormalization", attributes: { axis: 1, p: 1 }, becomes: byLength("1") },
  {
    opset: 9,
    op: "MeanVarianceNormalization",
    becomes: ["ReduceMean", "Sub", "Mul", "ReduceMean", "Sqrt", "Add", "Div"],
    x: uniform([1, 6, 3, 4], 1, [-2, 2]),
  },
  {
    opset: 7,
    op: "ReduceLogSum",
    attributes: { axes: [2], keepdims: 0 },
    becomes: logOfSum,
    x: positive,
  },
  {
    opset: 18,
    op: "ReduceLogSum",
    initializers: { axes: intsTensor([1, 2]) },
    becomes: logOfSum,
    x: positive,
  },
  { opset: 7, op: "Dropout", attributes: { ratio: float(0.4) } },
  { opset: 12, op: "Dropout", initializers: { ratio: floatTensor([], [0.4]) } },
  { opset: 7, op: "Softmax", attributes: { axis: 3 } },
  { opset: 11, op: "Softmax", attributes: { axis: -1 } },
  { opset: 7, op: "Softmax", becomes: flattened },
  { opset: 12, op: "Softmax", attributes: { axis: 2 }, becomes: flattened },
  {
    opset: 11,
    op: "LogSoftmax",
    attributes: { axis: -3 },
    becomes: flattened.with(1, "LogSoftmax"),
  },
  { opset: 9, op: "Softmax", x: uniform([2, 5], 1) },
  { opset: 13, op: "Softmax", attributes: { axis: 1 } },
  {
    opset: 7,
    op: "BatchNormalization",
    attributes: { epsilon: float(1e-3), momentum: float(0.9) },
    initializers: Object.fromEntries(
      ["s", "b", "m", "v"].map((name, i) => [name, uniform([6], i + 2, [0.5, 2])]),
    ),
  },
  {
    opset: 8,
    op: "Upsample",
    attributes: { scales: { floats: [1, 1, 2, 3] } },
    becomes: ["Resize"],
  },
  {
    opset: 9,
    op: "Upsample",
    attributes: { mode: "linear" },
    initializers: { scales: floatTensor([4], [1, 1, 2, 1.5]) },
    becomes: ["Resize"],
  },
  { opset: 10, op: "Resize", initializers: { scales: floatTensor([4], [1, 1, 1.7, 2.5]) } },
  { opset: 10, op: "Resize", initializers: { scales: floatTensor([4], [1, 1, 0.7, 0.5]) } },
  {
    opset: 11,
    op: "Resize",
    attributes: { mode: "linear", coordinate_transformation_mode: "align_corners" },
    initializers: {
      roi: floatTensor([0], []),
      scales: floatTensor([0], []),
      sizes: intsTensor([2, 6, 5, 7]),
    },
  },
  { opset: 7, op: "AveragePool", attributes: { kernel_shape: [2, 2], count_include_pad: 1 } },
  { opset: 9, op: "MaxPool", attributes: { kernel_shape: [2, 2], strides: [2, 1] } },
  { opset: 9, op: "Cast", attributes: { to: 1 } },
  {
    opset: 15,
    op: "CastLike",
    initializers: { like: intsTensor([1]) },
    types: { y: "int64" },
    becomes: ["Cast"],
  },
  { opset: 20, op: "Gelu", becomes: ["Mul", "Erf", "Add", "Mul", "Mul"] },
  {
    opset: 20,
    op: "Gelu",
    attributes: { approximate: "tanh" },
    becomes: ["Mul", "Mul", "Mul", "Add", "Mul", "Tanh", "Add", "Mul", "Mul"],
  },
  {
    opset: 21,
    op: "GroupNormalization",
    attributes: { num_groups: 3, epsilon: float(1e-3) },
    initializers: { scale: uniform([6], 2), bias: uniform([6], 3) },
    becomes: "Reshape InstanceNormalization Shape Reshape Unsqueeze Mul Unsqueeze Add".split(" "),
  },
  { opset: 21, op: "Transpose", attributes: { perm: [0, 2, 3, 1] } },
  { opset: 19, op: "AveragePool", attributes: { kernel_shape: [2, 2], dilations: [1, 1] } },
];

describe("operators of other opsets compute the same in opset 18", () => {
  test.each(operators.map((given, i) => ({ ...given, i })))(
    "$op of opset $opset ($i)",
    async (given) => {
      const becomes = await checkUpgrade(oldModel(given), given.opset, { x: given.x ?? x });
      expect(becomes).toEqual(given.becomes ?? [given.op]);
    },
  );

  test("Softmax of a rank that the file does not tell", async () => {
    const graph = { ...oldModel({ opset: 9, op: "Softmax" }) };
    const inputs = graph.inputs.map((input) => ({ ...input, shape: null }));
    const becomes = await checkUpgrade({ ...graph, inputs }, 9, { x });
    expect(becomes).toEqual(flattened);
  });

  test("Softmax after operators whose output is a matrix", async () => {
    const graph = sketch({
      inputs: { x: [null, 6, 3, 4] },
      nodes: [node("Flatten", "x", "m"), node("Gemm", "m w", "z"), node("Softmax", "z", "y")],
      outputs: ["y"],
      initializers: { w: uniform([72, 5], 2, [-0.1, 0.1]) },
    });
    expect(await checkUpgrade(graph, 11, { x })).toEqual(["Flatten", "Gemm", "Softmax"]);
  });
});

const alongChannels = (graph: Graph): Graph => ({
  ...graph,
  nodes: [node("Softmax", "x", "y", { axis: 1 })],
});

test("the check catches an upgrade with another effect", async () => {
  const given: OldOperator = { opset: 9, op: "Softmax", becomes: flattened };
  const check = checkUpgrade(oldModel(given), 9, { x }, alongChannels);
  await expect(check).rejects.toThrow(/isClose/);
});

describe("what opset 18 cannot express is refused", () => {
  const refused: readonly (OldOperator & { readonly message: string })[] = [
    {
      opset: 19,
      op: "AveragePool",
      attributes: { kernel_shape: [2, 2], dilations: [2, 2] },
      message:
        "a dilated average pool has no counterpart in opset 18; export the model with opset 18",
    },
    {
      opset: 8,
      op: "BatchNormalization",
      attributes: { spatial: 0 },
      message: "statistics for each position (spatial=0) are not supported",
    },
    {
      opset: 15,
      op: "BatchNormalization",
      attributes: { training_mode: 1 },
      message: "exported in training mode",
    },
    {
      opset: 11,
      op: "Resize",
      attributes: { coordinate_transformation_mode: "tf_half_pixel_for_nn", mode: "linear" },
      message: "coordinate_transformation_mode 'tf_half_pixel_for_nn' has no counterpart",
    },
    {
      opset: 10,
      op: "Resize",
      initializers: { scales: floatTensor([4], [1, 1, 2, 0.5]) },
      message: "scales must be known, and all enlarge or all shrink",
    },
  ];
  test.each(refused)("$op of opset $opset: $message", ({ message, ...given }) => {
    const decoded = decodeModel(writeModel(oldModel(given), given.opset));
    const { problems } = specialise(decoded, [2, 6, 3, 4]);
    expect(problems.get("y")?.message).toContain(message);
  });

  test("and nothing before it, so that layers there can be rendered", () => {
    const graph = sketch({
      inputs: { x: [2, 6, 3, 4] },
      nodes: [
        node("Relu", "x", "a"),
        node("AveragePool", "a", "y", { kernel_shape: [2, 2], dilations: [2, 2] }),
        node("Relu", "y", "z"),
      ],
      outputs: ["z"],
    });
    const { facts, problems } = specialise(decodeModel(writeModel(graph, 19)), [2, 6, 3, 4]);
    expect(facts.get("a")?.shape).toEqual([2, 6, 3, 4]);
    expect(problems.get("z")?.message).toContain("dilated average pool");
  });

  test.each(["Clip", "Softmax", "Upsample"])("%s without its input", (op) => {
    const empty = sketch({ inputs: {}, nodes: [node(op, "", "y")], outputs: ["y"] });
    const image = sketch({ inputs: { x: [1, 6, 3, 4] }, nodes: empty.nodes, outputs: ["y"] });
    const { problems } = specialise(decodeModel(writeModel(image, 7)), [1, 6, 3, 4]);
    expect(problems.get("y")?.message).toContain(`${op} 'y': input`);
  });

  test.each([0, 27])("opset %i", (opset) => {
    const decoding = () => decodeModel(writeModel(oldModel({ opset, op: "Relu" }), opset));
    expect(decoding).toThrow(`opset ${opset} is not supported (1 to 26 are)`);
  });
});
