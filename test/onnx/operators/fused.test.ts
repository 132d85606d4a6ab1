import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { type Attributes, float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import type { FloatTensor } from "../../../lib/onnx/tensor.ts";
import { checkUpgrade } from "../../support/check-upgrade.ts";
import { microsoft } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";

interface Fused {
  readonly op: string;
  readonly what?: string;
  readonly attributes?: Attributes;
  /** The first is fed, the others are weights; `null` for one left out. */
  readonly inputs: readonly (FloatTensor | null)[];
  /** Names of the outputs. @default "y" */
  readonly outputs?: string;
  /** Which of them are read. @default the first */
  readonly read?: readonly string[];
  /** ONNX's own, since the optimiser writes that one there. */
  readonly isStandard?: true;
}

const x = normal([2, 4, 5, 6], 1);
const conv = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 1] };
const w = normal([6, 4, 3, 2], 2);
const b = normal([6], 3);
const [rows, columns] = [normal([5, 7], 4), normal([7, 3], 5)];
const tokens = normal([2, 5, 12], 6);

function fusedConv(activation: string, params: readonly number[] = []): Fused {
  const activation_params = { floats: params };
  const given = { ...conv, activation, ...(params.length > 0 && { activation_params }) };
  return { op: "FusedConv", what: activation, attributes: given, inputs: [x, w, b] };
}

function fusedGemm(activation: string, parameters: Readonly<Record<string, number>> = {}): Fused {
  const given = Object.entries(parameters).map(([k, v]) => [`activation_${k}`, float(v)] as const);
  const attributes = { activation, alpha: float(0.7), beta: float(1.3), transB: 1 };
  return {
    op: "FusedGemm",
    what: activation,
    attributes: { ...attributes, ...Object.fromEntries(given) },
    inputs: [rows, normal([3, 7], 8), normal([3], 9)],
  };
}

/** A and B for each way of turning them: rows, two batches, and columns. */
function turned(a: number, batchA: number, c: number, batchB: number): Fused {
  const shape = (from: number, to: number, isTurned: number, isBehind: number) => {
    const matrix = isTurned ? [to, from] : [from, to];
    return isBehind ? [matrix[0]!, 2, 6, matrix[1]!] : [2, 6, ...matrix];
  };
  const flags = { transA: a, transBatchA: batchA, transB: c, transBatchB: batchB };
  return {
    op: "FusedMatMul",
    what: JSON.stringify(flags),
    attributes: { ...flags, alpha: float(a || batchA ? 0.3 : 1) },
    inputs: [normal(shape(7, 4, a, batchA), 1), normal(shape(4, 5, c, batchB), 2)],
  };
}

const bits = [0, 1];
const matMuls = bits.flatMap((a) =>
  bits.flatMap((p) => bits.flatMap((c) => bits.map((q) => turned(a, p, c, q)))),
);
const skipped = [tokens, normal([2, 5, 12], 7), uniform([12], 8, [0.5, 2])] as const;
const withSum = "y _ _ sum";

const operators: readonly Fused[] = [
  fusedConv("Relu"),
  fusedConv("Sigmoid"),
  fusedConv("Tanh"),
  fusedConv("LeakyRelu", [0.3]),
  fusedConv("HardSigmoid", [0.25, 0.4]),
  fusedConv("Clip", [-0.5, 1.5]),
  { op: "FusedConv", what: "bare", attributes: conv, inputs: [x, w] },
  { op: "FusedConv", what: "sum", attributes: conv, inputs: [x, w, b, normal([2, 6, 3, 6], 4)] },
  {
    op: "FusedConv",
    what: "sum, then Relu",
    attributes: { ...conv, activation: "Relu" },
    inputs: [x, w, null, normal([2, 6, 3, 6], 4)],
  },
  fusedGemm("Relu"),
  fusedGemm("Sigmoid"),
  fusedGemm("Tanh"),
  fusedGemm("LeakyRelu", { alpha: 0.3 }),
  fusedGemm("Elu", { alpha: 0.6 }),
  ...matMuls,
  {
    op: "FusedMatMul",
    what: "a vector",
    attributes: { transB: 1 },
    inputs: [rows, normal([7], 2)],
  },
  { op: "TransposeMatMul", attributes: { transA: 1 }, inputs: [normal([7, 5], 2), columns] },
  { op: "Gelu", inputs: [x] },
  { op: "BiasGelu", inputs: [tokens, normal([12], 2)] },
  { op: "FastGelu", inputs: [tokens] },
  { op: "FastGelu", what: "with a bias", inputs: [tokens, normal([12], 2)] },
  { op: "QuickGelu", inputs: [x] },
  { op: "QuickGelu", what: "alpha 1", attributes: { alpha: float(1) }, inputs: [x] },
  {
    op: "SkipLayerNormalization",
    attributes: { epsilon: float(0.01) },
    inputs: [...skipped, normal([12], 9), normal([12], 10)],
  },
  { op: "SkipLayerNormalization", what: "bare", inputs: skipped },
  {
    op: "SkipLayerNormalization",
    what: "and its sum",
    inputs: [...skipped, normal([12], 9)],
    outputs: withSum,
    read: ["y", "sum"],
  },
  {
    op: "SkipSimplifiedLayerNormalization",
    attributes: { epsilon: float(0.01) },
    inputs: [...skipped, normal([12], 9)],
    outputs: withSum,
    read: ["y", "sum"],
  },
  {
    op: "SimplifiedLayerNormalization",
    attributes: { epsilon: float(0.01), axis: 1 },
    inputs: [x, normal([4, 5, 6], 2)],
    isStandard: true,
  },
  {
    op: "Attention",
    attributes: { num_heads: 4 },
    inputs: [tokens, normal([12, 24], 2), normal([24], 3)],
  },
  {
    op: "Attention",
    what: "of other widths, causal, with a bias of the scores",
    attributes: { num_heads: 2, qkv_hidden_sizes: [8, 8, 6], unidirectional: 1, scale: float(0.4) },
    inputs: [tokens, normal([12, 22], 2), normal([22], 3), null, null, normal([2, 2, 5, 5], 4)],
  },
  {
    op: "MultiHeadAttention",
    attributes: { num_heads: 3 },
    inputs: [tokens, normal([2, 7, 12], 2), normal([2, 7, 6], 3), normal([30], 4)],
  },
  {
    op: "MultiHeadAttention",
    what: "with a bias of the scores, for all images",
    attributes: { num_heads: 3, scale: float(0.4) },
    inputs: [
      tokens,
      normal([2, 7, 12], 2),
      normal([2, 7, 12], 3),
      null,
      null,
      normal([1, 3, 5, 7], 4),
    ],
  },
  {
    op: "MultiHeadAttention",
    what: "keys by heads",
    attributes: { num_heads: 3 },
    inputs: [tokens, normal([2, 3, 7, 4], 2), normal([2, 3, 7, 4], 3)],
  },
];

function modelOf({ op, attributes, inputs, outputs = "y", read = ["y"], isStandard }: Fused) {
  const names = inputs.map((tensor, i) => (tensor ? `x${i}` : "_")).join(" ");
  const plain = node(op, names, outputs, attributes);
  const given = inputs.flatMap((tensor, i) => (tensor ? [[`x${i}`, tensor] as const] : []));
  const graph = sketch({
    inputs: { x0: inputs[0]!.shape },
    nodes: [isStandard ? plain : microsoft(plain)],
    outputs: read,
    initializers: Object.fromEntries(given.slice(1)),
  });
  return { graph, feeds: { x0: inputs[0]! } };
}

describe("what ONNX Runtime's optimiser fuses computes the same as operators of opset 18", () => {
  test.each(operators)("$op $what", async (given) => {
    const { graph, feeds } = modelOf(given);
    const becomes = await checkUpgrade(graph, 18, feeds);
    expect(becomes).not.toContain(given.op);
  });

  test("another slope is noticed", async () => {
    const { graph, feeds } = modelOf(fusedConv("LeakyRelu", [0.3]));
    const other = modelOf(fusedConv("LeakyRelu", [0.31])).graph;
    const upgraded = decodeModel(writeModel(other, 18)).graph;
    await expect(checkUpgrade(graph, 18, feeds, () => upgraded)).rejects.toThrow(/isClose/);
  });
});

test("attention whose weights are no three parts is refused where it is used", () => {
  const given = { op: "Attention", attributes: { num_heads: 2 } };
  const { graph } = modelOf({ ...given, inputs: [tokens, normal([12, 25], 2)] });
  const { nodes } = decodeModel(writeModel(graph, 18)).graph;
  const refusal = nodes.find(({ op }) => op === "Attention");
  expect(Object.values(refusal!.attributes)).toEqual([
    `Attention 'y': parts [${Array(3)
      .fill(25 / 3)
      .join(", ")}] of queries, keys and values`,
  ]);
});

test.each([
  ["a mask of tokens", "image w b mask"],
  ["a cache of keys and values", "image w b _ mask"],
])("%s is refused where it is used, in one line", (what, inputs) => {
  const graph = sketch({
    inputs: { image: [1, 6, 5, 8] },
    nodes: [
      node("Flatten", "image", "flat", { axis: 3 }),
      node("Unsqueeze", "flat one", "tokens"),
      microsoft(node("Attention", inputs.replace("image", "tokens"), "y", { num_heads: 2 })),
    ],
    outputs: ["y"],
    initializers: {
      w: normal([8, 24], 1),
      b: normal([24], 2),
      mask: normal([1, 30], 3),
      one: { type: "int64", shape: [1], data: BigInt64Array.of(0n) },
    },
  });
  const { problems } = specialise(decodeModel(writeModel(graph, 18)), [1, 6, 5, 8]);
  expect(problems.get("y")?.message).toBe(
    `Attention 'y': ${what} is not supported; use the model as it was exported`,
  );
});

test.each([
  ["PyTorch", "/block/conv/Conv", "/block/act/Relu_output_0", "/block/act/Relu"],
  ["others", "conv1", "relu1", "relu1"],
])("a convolution and its activation are called as %s called them", (_, name, output, last) => {
  const fused = node("FusedConv", "x w b", output, { activation: "Relu" });
  const graph = sketch({
    inputs: { x: [2, 4, 5, 6] },
    nodes: [{ ...microsoft(fused), name }],
    outputs: [output],
    initializers: { w, b },
  });
  const { nodes } = decodeModel(writeModel(graph, 18)).graph;
  expect(nodes.map((each) => [each.op, each.name])).toEqual([
    ["Conv", name],
    ["Relu", last],
  ]);
});
