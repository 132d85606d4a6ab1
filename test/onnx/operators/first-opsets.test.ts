import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { type Attributes, float, type Graph, type Node } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, sizeOf, type Tensor } from "../../../lib/onnx/tensor.ts";
import { checkUpgrade, checkUpgradeTo } from "../../support/check-upgrade.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 6, 3, 4], 1, [0.5, 2]);

/** An operator on `x` and constants. */
interface Given {
  readonly op: string;
  readonly attributes?: Attributes;
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly outputs?: string;
  readonly x?: Tensor;
}

function model({ op, attributes, initializers = {}, outputs = "y", ...given }: Given): Graph {
  return sketch({
    inputs: { x: (given.x ?? x).shape },
    nodes: [node(op, ["x", ...Object.keys(initializers)].join(" "), outputs, attributes)],
    outputs: outputs.split(" "),
    initializers,
  });
}

const laid = (axis?: number): Attributes => ({
  broadcast: 1,
  ...(axis !== undefined && { axis }),
});
const scalar = floatTensor([1], [1.5]);
const perChannel = uniform([6], 2, [0.5, 2]);
const perRow = uniform([6, 3], 3, [0.5, 2]);
const perColumn = uniform([3, 4], 4, [0.5, 2]);
const shaped = (tensor: Tensor, shape: readonly number[]): Tensor => ({ ...tensor, shape });
const statistics = Object.fromEntries(
  ["s", "b", "m", "v"].map((name, i) => [name, uniform([6], i + 2, [0.5, 2])]),
);

/** ONNX Runtime begins at opset 7: the same operator as of 9, written by hand, says what is right. */
const operators: readonly (Given & { readonly opset: number; readonly as: Omit<Given, "op"> })[] = [
  ...["Add", "Sub", "Mul", "Div", "Pow"].map((op) => ({
    opset: 6,
    op,
    attributes: laid(1),
    initializers: { b: perChannel },
    as: { initializers: { b: shaped(perChannel, [6, 1, 1]) } },
  })),
  {
    opset: 1,
    op: "Add",
    attributes: { ...laid(1), consumed_inputs: [0, 0] },
    initializers: { b: perRow },
    as: { initializers: { b: shaped(perRow, [6, 3, 1]) } },
  },
  {
    opset: 3,
    op: "Mul",
    attributes: laid(-3),
    initializers: { b: perChannel },
    as: { initializers: { b: shaped(perChannel, [6, 1, 1]) } },
  },
  ...[laid(), laid(2), laid(-1)].map((attributes) => ({
    opset: 6,
    op: "Sub",
    attributes,
    initializers: { b: perColumn },
    as: { initializers: { b: perColumn } },
  })),
  {
    opset: 6,
    op: "Mul",
    attributes: laid(1),
    initializers: { b: scalar },
    as: { initializers: { b: scalar } },
  },
  {
    opset: 1,
    op: "BatchNormalization",
    attributes: { is_test: 1, consumed_inputs: [0, 0, 0, 1, 1], epsilon: float(1e-3) },
    initializers: statistics,
    as: { attributes: { epsilon: float(1e-3) }, initializers: statistics },
  },
  {
    opset: 6,
    op: "BatchNormalization",
    initializers: statistics,
    as: { initializers: statistics },
  },
  { opset: 1, op: "Dropout", attributes: { is_test: 1, ratio: float(0.4) }, as: {} },
  { opset: 1, op: "Relu", attributes: { consumed_inputs: [0] }, as: {} },
  {
    opset: 1,
    op: "Clip",
    attributes: { consumed_inputs: [0], min: float(1) },
    as: { attributes: { min: float(1) } },
  },
  {
    opset: 5,
    op: "Selu",
    as: { attributes: { alpha: float(1.6732), gamma: float(1.0507) } },
  },
  {
    opset: 1,
    op: "Concat",
    initializers: { b: uniform([2, 2, 3, 4], 2) },
    as: { attributes: { axis: 1 }, initializers: { b: uniform([2, 2, 3, 4], 2) } },
  },
  { opset: 1, op: "Cast", attributes: { to: "FLOAT" }, as: { attributes: { to: 1 } } },
  {
    opset: 4,
    op: "Reshape",
    attributes: { shape: [0, -1, 2], consumed_inputs: [0] },
    as: { initializers: { shape: intsTensor([0, -1, 2]) } },
  },
  {
    opset: 1,
    op: "Pad",
    attributes: { paddings: [0, 0, 1, 2, 0, 0, 0, 1], value: float(2) },
    as: { attributes: { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: float(2) } },
  },
  {
    opset: 5,
    op: "Tile",
    initializers: { tiles: floatTensor([1], [3]), axis: floatTensor([1], [2]) },
    as: { initializers: { repeats: intsTensor([1, 1, 3, 1]) } },
  },
  {
    opset: 1,
    op: "Split",
    attributes: { axis: 1 },
    initializers: { split: floatTensor([2], [2, 4]) },
    outputs: "y z",
    as: { attributes: { axis: 1, split: [2, 4] }, outputs: "y z" },
  },
  {
    opset: 6,
    op: "PRelu",
    initializers: { slope: perChannel },
    as: { initializers: { slope: shaped(perChannel, [6, 1, 1]) } },
  },
  {
    // as MXNet's converter goes on to write it, which ONNX Runtime refuses
    opset: 8,
    op: "PRelu",
    initializers: { slope: perChannel },
    as: { initializers: { slope: shaped(perChannel, [6, 1, 1]) } },
  },
  {
    opset: 7,
    op: "PRelu",
    initializers: { slope: uniform([4], 2) },
    as: { initializers: { slope: uniform([4], 2) } },
  },
  {
    opset: 6,
    op: "PRelu",
    initializers: { slope: scalar },
    as: { initializers: { slope: scalar } },
  },
  ...["nearest", "linear"].map((mode) => ({
    opset: 1,
    op: "Upsample",
    attributes: {
      height_scale: float(2),
      width_scale: float(3),
      mode: mode === "linear" ? "bilinear" : mode,
    },
    as: { attributes: { mode }, initializers: { scales: floatTensor([4], [1, 1, 2, 3]) } },
  })),
];

describe("operators of opsets before 7 compute the same in opset 18", () => {
  test.each(operators.map((given, i) => ({ ...given, i })))(
    "$op of opset $opset ($i)",
    async ({ opset, as, ...given }) => {
      const wanted = await runModel(writeModel(model({ op: given.op, ...as }), 9), { x });
      await checkUpgradeTo(wanted, model(given), opset, { x });
    },
  );

  test.each([
    { inputs: "_", attributes: { shape: [2, 6] }, shape: [2, 6] },
    { inputs: "x", attributes: { extra_shape: [2] }, shape: [...x.shape, 2] },
    { inputs: "lengths", attributes: { input_as_shape: 1, dtype: 1 }, shape: [3, 2] },
  ])("ConstantFill of '$inputs' $attributes", async ({ inputs, attributes, shape }) => {
    const graph = sketch({
      inputs: { x: x.shape },
      nodes: [node("ConstantFill", inputs, "y", { value: float(3), ...attributes })],
      outputs: ["y"],
      initializers: { lengths: intsTensor([3, 2]) },
    });
    const y = floatTensor(shape, new Float32Array(sizeOf(shape)).fill(3));
    await checkUpgradeTo({ y }, graph, 6, { x });
  });

  test("a fully connected layer, with a bias that is said to broadcast or no Flatten", async () => {
    const graph = (nodes: readonly Node[]): Graph =>
      sketch({
        inputs: { x: x.shape },
        nodes,
        outputs: ["y"],
        initializers: { w: uniform([5, 72], 2), c: uniform([5], 3) },
      });
    const flatten = node("Flatten", "x", "m");
    const plain = graph([flatten, node("Gemm", "m w c", "y", { transB: 1 })]);
    const wanted = await runModel(writeModel(plain, 9), { x });
    const said = graph([flatten, node("Gemm", "m w c", "y", { transB: 1, broadcast: 1 })]);
    expect(await checkUpgradeTo(wanted, said, 3, { x })).toEqual(["Flatten", "Gemm"]);
    const bare = graph([node("Gemm", "x w c", "y", { transB: 1 })]);
    expect(await checkUpgradeTo(wanted, bare, 8, { x })).toEqual(["Flatten", "Gemm"]);
  });

  test("the check notices a bias on another axis", async () => {
    const square = uniform([3, 3, 3, 3], 1);
    const graph = (attributes: Attributes, bias: Tensor): Graph =>
      sketch({
        inputs: { x: square.shape },
        nodes: [node("Add", "x b", "y", attributes)],
        outputs: ["y"],
        initializers: { b: bias },
      });
    const bias = uniform([3], 2);
    const wanted = await runModel(writeModel(graph({}, bias), 9), { x: square });
    const check = checkUpgradeTo(wanted, graph(laid(1), bias), 6, { x: square });
    await expect(check).rejects.toThrow(/isClose/);
  });
});

describe("operators that were experiments compute what they do in ONNX Runtime", () => {
  test.each<Given>([
    { op: "Affine", attributes: { alpha: float(2), beta: float(-0.5) } },
    { op: "ScaledTanh", attributes: { alpha: float(1.7), beta: float(0.6) } },
    { op: "ParametricSoftplus", attributes: { alpha: float(1.7), beta: float(0.6) } },
    { op: "ThresholdedRelu", attributes: { alpha: float(1.2) } },
    { op: "Crop", attributes: { border: [1, 0, 2, 1] } },
    { op: "Crop", attributes: { border: [1, 1, 0, 0], scale: [2, 3] } },
    {
      op: "DynamicSlice",
      initializers: { starts: intsTensor([1]), ends: intsTensor([3]), axes: intsTensor([2]) },
    },
    // of one image, as there the batch is averaged over too
    ...[{}, { across_channels: 1 }, { normalize_variance: 0 }].map((attributes) => ({
      op: "MeanVarianceNormalization",
      attributes,
      x: uniform([1, 6, 3, 4], 1, [0.5, 2]),
    })),
  ])("$op $attributes", async (given) => {
    await checkUpgrade(model(given), 7, { x: given.x ?? x });
  });
});

test.each([
  {
    opset: 6,
    op: "BatchNormalization",
    initializers: statistics,
    outputs: "y mean var saved_mean saved_var",
    message: "exported in training mode",
  },
  {
    opset: 6,
    op: "Add",
    attributes: laid(-1e9),
    initializers: { b: perChannel },
    message: "axis -1000000000 is outside a tensor of 4 axes",
  },
  {
    opset: 1,
    op: "Tile",
    initializers: { tiles: floatTensor([1], [2]), axis: floatTensor([1], [4]) },
    message: "axis 4 is outside a tensor of 4 axes",
  },
  {
    opset: 1,
    op: "Tile",
    initializers: { tiles: floatTensor([1], [Infinity]), axis: floatTensor([1], [1]) },
    message: "a number of tiles or an axis that is no whole constant",
  },
])("$op of opset $opset is refused: $message", ({ opset, message, ...given }) => {
  const bytes = writeModel(model(given), opset);
  const { problems } = specialise(decodeModel(bytes), [2, 6, 3, 4]);
  expect(problems.get("y")?.message).toContain(message);
});
