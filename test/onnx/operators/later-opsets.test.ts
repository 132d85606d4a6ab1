import { describe, expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { type Attributes, float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor, type Tensor } from "../../../lib/onnx/tensor.ts";
import { checkUpgrade, checkUpgradeTo } from "../../support/check-upgrade.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

interface NewOperator {
  readonly what: string;
  readonly opset: number;
  readonly op: string;
  /** `null` for one left out. */
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes?: Attributes;
}

const q = uniform([2, 6, 5, 8], 1, [-2, 2]);
const k = uniform([2, 6, 7, 8], 2, [-2, 2]);
const v = uniform([2, 6, 7, 3], 3, [-2, 2]);
const joined = [
  uniform([2, 5, 48], 4, [-2, 2]),
  uniform([2, 7, 16], 5, [-2, 2]),
  uniform([2, 7, 6], 6, [-2, 2]),
];
const heads = { q_num_heads: 6, kv_num_heads: 2 };
/** The second query sees no key at all. */
const seen: Tensor = {
  type: "bool",
  shape: [5, 7],
  data: Uint8Array.from({ length: 35 }, (_, i) => (Math.floor(i / 7) === 1 || i % 3 === 0 ? 0 : 1)),
};
const cos = uniform([9, 4], 7, [-1, 1]);
const sin = uniform([9, 4], 8, [-1, 1]);
const places: Tensor = { ...intsTensor([0, 4, 2, 8, 1, 3, 3, 0, 5, 6]), shape: [2, 5] };
const x = uniform([2, 6, 3, 4], 9, [-2, 2]);

const operators: readonly NewOperator[] = [
  { what: "of four axes", opset: 23, op: "Attention", inputs: [q, k, v] },
  {
    what: "with a scale and a cap",
    opset: 23,
    op: "Attention",
    inputs: [q, k, v],
    attributes: { scale: float(0.7), softcap: float(1.5) },
  },
  { what: "heads in groups", opset: 23, op: "Attention", inputs: joined, attributes: heads },
  {
    what: "as many keys' heads",
    opset: 24,
    op: "Attention",
    inputs: [joined[0]!, uniform([2, 7, 48], 5, [-2, 2]), uniform([2, 7, 12], 6)],
    attributes: { q_num_heads: 6, kv_num_heads: 6 },
  },
  {
    what: "with a mask to add",
    opset: 23,
    op: "Attention",
    inputs: [q, k, v, uniform([2, 1, 5, 7], 10, [-3, 3])],
  },
  {
    what: "with a mask of booleans",
    opset: 23,
    op: "Attention",
    inputs: [q, k, v, { ...seen, data: seen.data.map((one, i) => (i % 7 === 0 ? 1 : one)) }],
  },
  {
    what: "causal",
    opset: 23,
    op: "Attention",
    inputs: [q, uniform([2, 6, 5, 8], 2, [-2, 2]), uniform([2, 6, 5, 3], 3)],
    attributes: { is_causal: 1 },
  },
  { what: "last axis", opset: 23, op: "RMSNormalization", inputs: [x, uniform([4], 2)] },
  {
    what: "from an axis on",
    opset: 23,
    op: "RMSNormalization",
    inputs: [x, uniform([6, 3, 4], 2)],
    attributes: { axis: 1, epsilon: float(0.1) },
  },
  { what: "halves", opset: 23, op: "RotaryEmbedding", inputs: [q, cos, sin, places] },
  {
    what: "interleaved",
    opset: 23,
    op: "RotaryEmbedding",
    inputs: [q, cos, sin, places],
    attributes: { interleaved: 1 },
  },
  {
    what: "a part of each head, heads joined",
    opset: 23,
    op: "RotaryEmbedding",
    inputs: [uniform([2, 5, 60], 4), cos, sin, places],
    attributes: { num_heads: 6, rotary_embedding_dim: 8 },
  },
  { what: "", opset: 24, op: "Swish", inputs: [x] },
  { what: "alpha", opset: 24, op: "Swish", inputs: [x], attributes: { alpha: float(1.7) } },
  {
    what: "wrap, as far as the axis is long",
    opset: 19,
    op: "Pad",
    inputs: [x, intsTensor([0, 0, 3, 1, 0, 0, 2, 4])],
    attributes: { mode: "wrap" },
  },
  {
    what: "wrap, two axes",
    opset: 24,
    op: "Pad",
    inputs: [x, intsTensor([1, 2, 2, 0]), null, intsTensor([-1, 2])],
    attributes: { mode: "wrap" },
  },
  ...[0, 1].flatMap((align_corners) =>
    [
      [2, 4, 5, 7],
      [2, 4, 1, 7],
      [2, 4, 5, 1],
    ].map((size) => ({
      what: `${align_corners ? "aligned" : "not aligned"}, ${size.slice(2).join(" x ")}`,
      opset: 20,
      op: "AffineGrid",
      inputs: [uniform([2, 2, 3], 11, [-1, 1]), intsTensor(size)],
      attributes: { align_corners },
    })),
  ),
  {
    what: "half_pixel_symmetric",
    opset: 19,
    op: "Resize",
    inputs: [x, null, floatTensor([4], [1, 1, 2, 3])],
    attributes: { mode: "linear", coordinate_transformation_mode: "half_pixel_symmetric" },
  },
  {
    what: "tf_half_pixel_for_nn",
    opset: 11,
    op: "Resize",
    inputs: [x, floatTensor([0], []), floatTensor([4], [1, 1, 1.5, 2])],
    attributes: {
      coordinate_transformation_mode: "tf_half_pixel_for_nn",
      nearest_mode: "floor",
    },
  },
  { what: "", opset: 22, op: "MaxPool", inputs: [x], attributes: { kernel_shape: [2, 2] } },
  { what: "as before", opset: 24, op: "Softmax", inputs: [x], attributes: { axis: 1 } },
];

function modelOf({ op, inputs, attributes }: NewOperator) {
  const given = inputs.flatMap((tensor, i) => (tensor ? [[`x${i}`, tensor] as const] : []));
  const floats = given.filter(([, { type }]) => type === "float32");
  // what decides shapes is a constant, the rest is fed
  const isFed = (name: string) => name === "x0" || (op === "Attention" && name !== "x3");
  const graph = sketch({
    inputs: Object.fromEntries(
      floats.flatMap(([name, { shape }]) => (isFed(name) ? [[name, shape]] : [])),
    ),
    nodes: [
      node(op, inputs.map((tensor, i) => (tensor ? `x${i}` : "_")).join(" "), "y", attributes),
    ],
    outputs: ["y"],
    initializers: Object.fromEntries(given.filter(([name]) => !isFed(name))),
  });
  const feeds = Object.fromEntries(given.filter(([name]) => isFed(name)));
  return { graph, feeds };
}

describe("what later opsets brought computes the same in opset 18", () => {
  test.each(operators)("$op of opset $opset, $what", async (given) => {
    const { graph, feeds } = modelOf(given);
    await checkUpgrade(graph, given.opset, feeds);
  });

  test("the check sees another scale", async () => {
    const { graph, feeds } = modelOf(operators[1]!);
    const other = modelOf({ ...operators[1]!, attributes: { scale: float(0.6) } }).graph;
    const upgraded = decodeModel(writeModel(other, 23)).graph;
    const check = checkUpgrade(graph, 23, feeds, () => upgraded);
    await expect(check).rejects.toThrow(/isClose/);
  });
});

/** ONNX Runtime computes the same attention of opset 23 with the window written out as a mask. */
test.each([
  { window: { left_window_size: 2, right_window_size: 1 }, before: 2, after: 1 },
  { window: { left_window_size: 0, is_causal: 1, right_window_size: 3 }, before: 0, after: 0 },
  { window: { right_window_size: 2 }, before: Infinity, after: 2, given: seen },
])("each token sees the tokens in its window: $window", async ({ window, given, ...sides }) => {
  const isSeen = (_: unknown, place: number) => {
    const [query, key] = [Math.floor(place / 7), place % 7];
    const isNear = key >= query - sides.before && key <= query + sides.after;
    return Number(isNear && given?.data[place] !== 0);
  };
  const mask: Tensor = {
    type: "bool",
    shape: [5, 7],
    data: Uint8Array.from({ length: 35 }, isSeen),
  };
  const attention = { what: "", opset: 23, op: "Attention" };
  const masked = modelOf({ ...attention, inputs: [q, k, v, mask] });
  const wanted = await runModel(writeModel(masked.graph, 23), masked.feeds);
  const inputs = [q, k, v, given ?? null];
  const windowed = modelOf({ ...attention, inputs, attributes: window });
  await checkUpgradeTo(wanted, windowed.graph, 25, windowed.feeds);
});

const added = floatTensor(seen.shape, Array.from(seen.data, Number).map(Math.log));

test.each([seen, added])("a token that sees no other gives zeros, by $type", async (mask) => {
  const masked = { what: "", opset: 23, op: "Attention", inputs: [q, k, v, mask] };
  const { graph, feeds } = modelOf(masked);
  const { y } = await runModel(encodeModel(decodeModel(writeModel(graph, 23)).graph), feeds);
  const row = Array.from({ length: 3 }, (_, i) => Number(y!.type === "float32" && y!.data[3 + i]));
  expect(row).toEqual([0, 0, 0]);
});

test.each([
  ["keys", "image image image _ image", "y"],
  ["values", "image image image _ _ image", "y"],
  ["their lengths", "image image image _ _ _ lengths", "y"],
  ["keys to go on with", "image image image", "y p"],
  ["the scores", "image image image", "y _ _ w"],
])("a cache of keys and values is refused where it is used: %s", (_, inputs, outputs) => {
  const graph = sketch({
    inputs: { image: [1, 6, 5, 8] },
    nodes: [node("Attention", inputs, outputs)],
    outputs: ["y"],
    initializers: { lengths: intsTensor([5]) },
  });
  const { problems } = specialise(decodeModel(writeModel(graph, 23)), [1, 6, 5, 8]);
  expect(problems.get("y")?.message).toMatch(/Attention 'y': a cache of keys and values/);
});

test("a grid of volumes is refused where it is used, in one line", () => {
  const graph = sketch({
    inputs: { image: [1, 1, 3, 4] },
    nodes: [node("Squeeze", "image plane", "theta"), node("AffineGrid", "theta size", "y")],
    outputs: ["y"],
    initializers: { plane: intsTensor([1]), size: intsTensor([1, 4, 5, 6, 7]) },
  });
  const { problems } = specialise(decodeModel(writeModel(graph, 20)), [1, 1, 3, 4]);
  expect(problems.get("y")?.message).toMatch(/AffineGrid 'y': a grid of 3 axes is not supported/);
});

const half = { mode: "nearest", coordinate_transformation_mode: "tf_half_pixel_for_nn" };

test.each([
  {
    what: "training, by an attribute since opset 14",
    opset: 14,
    of: node("BatchNormalization", "image six six six six", "y", { training_mode: 1 }),
    message: /exported in training mode/,
  },
  {
    what: "nearest pixels that are not floored",
    opset: 11,
    of: node("Resize", "image empty scales", "y", half),
    message: /'tf_half_pixel_for_nn' has no counterpart/,
  },
  {
    what: "what is floored, and no nearest pixel",
    opset: 11,
    of: node("Resize", "image empty scales", "y", {
      ...half,
      mode: "linear",
      nearest_mode: "floor",
    }),
    message: /'tf_half_pixel_for_nn' has no counterpart/,
  },
  ...["_ scales", "_ _ sizes", "_ empty sizes"].map((by) => ({
    what: `symmetric by a fraction, ${by}`,
    opset: 19,
    of: node("Resize", `image ${by}`, "y", {
      mode: "linear",
      coordinate_transformation_mode: "half_pixel_symmetric",
      keep_aspect_ratio_policy: "not_larger",
    }),
    message: /'half_pixel_symmetric' by a fraction has no counterpart/,
  })),
  {
    what: "wrap that takes elements away",
    opset: 19,
    of: node("Pad", "image crop", "y", { mode: "wrap" }),
    message: /mode 'wrap' with negative pads has no counterpart/,
  },
])("what opset 18 has no counterpart of is refused: $what", ({ opset, of, message }) => {
  const initializers = {
    scales: floatTensor([4], [1, 1, 1.5, 2]),
    sizes: intsTensor([1, 6, 8, 20]),
    empty: floatTensor([0], []),
    crop: intsTensor([0, 0, 2, -1, 0, 0, 0, 0]),
    six: uniform([6], 3, [1, 2]),
  };
  const inputs = { image: [1, 6, 5, 8] };
  const graph = sketch({ inputs, nodes: [of], outputs: ["y"], initializers });
  const { problems } = specialise(decodeModel(writeModel(graph, opset)), [1, 6, 5, 8]);
  expect(problems.get("y")?.message).toMatch(message);
});
