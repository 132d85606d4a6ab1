import { expect, test } from "vitest";

import { intsTensor } from "../../lib/onnx/tensor.ts";
import { axisOf } from "../support/axis-of.ts";
import { node } from "../support/onnx-writer.ts";
import { uniform } from "../support/random.ts";

test("what channels were split into and neither shuffled among places nor reduced is channels", () => {
  const shuffled = (split: readonly number[], perm: readonly number[]) =>
    axisOf(
      "y",
      [
        node("Reshape", "a split", "apart"),
        node("Neg", "apart", "changed"),
        node("Transpose", "changed", "turned", { perm }),
        node("Reshape", "turned joined", "y"),
      ],
      { split: intsTensor(split), joined: intsTensor([1, 4, 24, 24]) },
    );
  expect(shuffled([1, 4, 2, 2, 12, 12], [0, 1, 4, 2, 5, 3])).toBe(1);
  expect(shuffled([1, 2, 2, 4, 12, 12], [0, 3, 4, 1, 5, 2])).toBe(1);
  const largest = (split: readonly number[], axis: number, keepdims: number) =>
    axisOf(
      "y",
      [node("Reshape", "a split", "apart"), node("ReduceMax", "apart axis", "y", { keepdims })],
      { split: intsTensor(split), axis: intsTensor([axis]) },
    );
  expect(largest([1, 8, 2, 12, 12], 2, 0)).toBe(1);
  expect(largest([1, 8, 2, 12, 12], 2, 1)).toBe(1);
  expect(largest([1, 2, 8, 12, 12], 1, 0)).toBe(1);
  expect(largest([1, 2, 8, 12, 12], 1, 1)).toBe(2);
});

test("of an Einsum it is where its letters say", () => {
  const tokens = node("Reshape", "a lengths", "q");
  const lengths = intsTensor([1, 2, 8, 144]);
  const einsum = (inputs: string, equation: string, weights: readonly number[] = []) =>
    axisOf("y", [tokens, node("Einsum", inputs, "y", { equation })], {
      lengths,
      w: uniform(weights, 2),
    });
  expect(einsum("a w", "bchw,cd->bhwd", [16, 5])).toBe(3);
  expect(einsum("a w", "bchw,dc->bdhw", [5, 16])).toBe(1);
  expect(einsum("a w", "bc...,chd->b...hd", [16, 2, 5])).toBe(4);
  expect(einsum("a w", "bchw,wv->bchv", [12, 7])).toBe(1);
  // scores are of heads, and what they weigh has its own channels
  expect(einsum("q q", "bnci,bncj->bnij")).toBe(1);
  expect(einsum("q q", "bnci,bndi->bncd")).toBe(3);
});

test("with weights in front of a vector it is their rows, as capsules have it; lengths are classes", () => {
  const capsules = [
    node("GlobalAveragePool", "a", "pooled"),
    node("Reshape", "pooled vectors", "u"),
    node("MatMul", "w u", "votes"),
    node("Squeeze", "votes last", "v"),
    node("ReduceSum", "v one", "s", { keepdims: 0 }),
  ];
  const constants = {
    vectors: intsTensor([1, 4, 1, 4, 1]),
    w: uniform([1, 4, 5, 6, 4], 2),
    last: intsTensor([-1]),
    one: intsTensor([1]),
  };
  expect(axisOf("s", capsules, constants)).toBe(2);
  const lengths = node("ReduceL2", "s last", "y", { keepdims: 0 });
  expect(axisOf("y", [...capsules, lengths], constants)).toBe(1);
});

test("a convolution that slides along the channels, as ECA's, leaves them where they are", () => {
  const nodes = [
    node("GlobalAveragePool", "a", "pooled"),
    node("Squeeze", "pooled last", "vector"),
    node("Transpose", "vector", "row", { perm: [0, 2, 1] }),
    node("Conv", "row window", "mixed", { pads: [1, 1] }),
    node("Transpose", "mixed", "column", { perm: [0, 2, 1] }),
    node("Unsqueeze", "column last", "gates"),
  ];
  const constants = { last: intsTensor([-1]), window: uniform([1, 1, 3], 2) };
  expect(axisOf("mixed", nodes.slice(0, 4), constants)).toBe(2);
  expect(axisOf("gates", nodes, constants)).toBe(1);
  // one with outputs of its own has these as its channels
  const own = { ...constants, window: uniform([5, 1, 3], 2) };
  expect(axisOf("mixed", nodes.slice(0, 4), own)).toBe(1);
  // and one that sums up several rows, of whose channels none are left as they were
  const rows = [
    node("Transpose", "a", "rows", { perm: [0, 2, 1, 3] }),
    node("Conv", "rows window", "summed"),
  ];
  expect(axisOf("summed", rows, { window: uniform([1, 12, 1, 1], 2) })).toBe(1);
});

/** `a` as tokens, [1, 144, 16], and what mixes these with each other. */
const mixing = [
  node("Reshape", "a rows", "planes"),
  node("Transpose", "planes", "tokens", { perm: [0, 2, 1] }),
  node("MatMul", "planes mix", "mixed"),
  node("Transpose", "mixed", "back", { perm: [0, 2, 1] }),
];
const mixer = { rows: intsTensor([1, 16, 144]), mix: uniform([144, 144], 2) };

test.each(["tokens back", "back tokens"])(
  "tokens mixed with each other have the channels of what they are added to: %s",
  (inputs) => {
    expect(axisOf("y", [...mixing, node("Add", inputs, "y")], mixer)).toBe(2);
    expect(axisOf("y", [...mixing, node("Mul", inputs, "y")], mixer)).toBe(2);
  },
);

test("attention keeps the channels of what it weighs, from either side", () => {
  const attention = [
    node("Reshape", "a rows", "planes"),
    node("Transpose", "planes", "tokens", { perm: [0, 2, 1] }),
    node("MatMul", "tokens planes", "scores"),
    node("Softmax", "scores", "weights", { axis: -1 }),
    node("Transpose", "weights", "turned", { perm: [0, 2, 1] }),
  ];
  const weighed = (inputs: string) =>
    axisOf("y", [...attention, node("MatMul", inputs, "y")], { rows: mixer.rows });
  expect(weighed("weights tokens")).toBe(2);
  expect(weighed("planes turned")).toBe(1);
  // its tokens are places of an image once more, beside others
  const whole = [
    ...attention,
    node("MatMul", "planes turned", "v"),
    node("Reshape", "v sides", "maps"),
    node("Concat", "maps a", "y", { axis: 1 }),
  ];
  const constants = { rows: mixer.rows, sides: intsTensor([1, 16, 12, 12]) };
  expect(axisOf("y", whole, constants)).toBe(1);
});

test("an image without its batch has its planes again once it is back, as detectors have it", () => {
  const alone = [
    node("Squeeze", "a front", "single"),
    node("Mul", "single two", "scaled"),
    node("Unsqueeze", "scaled front", "listed"),
    node("Relu", "listed", "resized"),
    node("Gather", "resized first", "taken", { axis: 0 }),
    node("Abs", "taken", "positive"),
    node("Unsqueeze", "positive front", "again"),
    node("Transpose", "taken", "last", { perm: [1, 2, 0] }),
  ];
  const constants = {
    front: intsTensor([0]),
    first: { ...intsTensor([0]), shape: [] },
    two: uniform([1], 2),
  };
  const axis = (value: string) => axisOf(value, alone, constants);
  expect(["single", "scaled", "taken"].map(axis)).toEqual([0, 0, 0]);
  expect(["listed", "resized", "again"].map(axis)).toEqual([1, 1, 1]);
  expect(axis("last")).toBe(2);
});

test("channels in front of a batch of one are behind it again, as convolutions by experts have it", () => {
  const front = [node("Transpose", "a", "front", { perm: [1, 0, 2, 3] })];
  const back = (lengths: readonly number[]) =>
    axisOf("y", [...front, node("Reshape", "front lengths", "b"), node("Relu", "b", "y")], {
      lengths: intsTensor(lengths),
    });
  expect(back([1, 16, 12, 12])).toBe(1);
  expect(back([1, 16, 144])).toBe(1);
  // joined with what lies behind them they are none
  expect(back([1, 2304])).toBe(0);
  expect(back([1, 4, 24, 24])).toBe(0);
});

test("pooled channels taken from a row are channels, as dynamo writes as_strided behind a mean", () => {
  const pooled = [
    node("ReduceMean", "a ends", "mean"),
    node("Reshape", "mean all", "row"),
    node("Gather", "row places", "taken"),
    node("Transpose", "taken", "last", { perm: [0, 2, 3, 1] }),
  ];
  const taken = (value: string, shape: readonly number[]) =>
    axisOf(value, pooled, {
      ends: intsTensor([2, 3]),
      all: intsTensor([-1]),
      places: { ...intsTensor(Array.from({ length: 16 }, (_, i) => i)), shape },
    });
  expect(taken("row", [1, 16, 1, 1])).toBe(0);
  expect(taken("taken", [1, 16, 1, 1])).toBe(1);
  expect(taken("last", [1, 16, 1, 1])).toBe(3);
  expect(taken("taken", [1, 1, 1, 16])).toBe(3);
  // among two axes they are not told apart
  expect(taken("taken", [1, 4, 4, 1])).toBe(0);
});

test("channels put together with the batch are found again, as MobileViT unfolds its maps", () => {
  const unfolded = [
    node("Reshape", "a together", "strips"),
    node("Transpose", "strips", "turned", { perm: [0, 2, 1, 3] }),
    node("Relu", "turned", "changed"),
    node("Reshape", "changed apart", "patches"),
    node("Transpose", "patches", "tokens", { perm: [0, 3, 2, 1] }),
    node("Reshape", "tokens sequences", "rows"),
  ];
  const constants = {
    together: intsTensor([16 * 6, 2, 6, 2]),
    apart: intsTensor([1, 16, 36, 4]),
    sequences: intsTensor([4, 36, 16]),
  };
  const axis = (value: string) => axisOf(value, unfolded, constants);
  expect(["strips", "turned", "changed"].map(axis)).toEqual([0, 0, 0]);
  expect(["patches", "tokens", "rows"].map(axis)).toEqual([1, 3, 2]);
});

test("the classes of a head that detects are channels, where its anchors go to the places at once", () => {
  const head = (lengths: readonly number[], perm: readonly number[]) =>
    axisOf(
      "y",
      [
        node("Transpose", "a", "last", { perm: [0, 2, 3, 1] }),
        node("Reshape", "last lengths", "rows"),
        node("Sigmoid", "rows", "scores"),
        node("Transpose", "scores", "y", { perm }),
      ],
      { lengths: intsTensor(lengths) },
    );
  expect(head([1, -1, 8], [0, 1, 2])).toBe(2);
  expect(head([1, -1, 8], [0, 2, 1])).toBe(1);
  // all classes of one anchor, or of all
  expect(head([1, -1, 16], [0, 1, 2])).toBe(2);
});
