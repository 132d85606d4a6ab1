import { expect, test } from "vitest";

import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { diversityValue } from "../../../lib/optvis/graph/diversity-value.ts";
import { networkOf } from "../ascent/engine-task.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const SIZE = { height: 6, width: 8 };

/** Patches as tokens, a head on their mean, and a map of one channel. */
const { network, target } = networkOf(
  [
    node("Conv", "image kernel", "patches", { strides: [2, 2] }),
    node("Reshape", "patches rows", "rowsOf"),
    node("Transpose", "rowsOf", "tokens", { perm: [0, 2, 1] }),
    node("MatMul", "tokens wide", "features"),
    node("ReduceMean", "features first", "mean", { keepdims: 0 }),
    node("Gemm", "mean matrix", "classes"),
    node("Conv", "patches one", "single"),
    node("ReduceMean", "single spatial", "number", { keepdims: 0 }),
    node("Mul", "classes number", "y"),
    // as PyTorch's attention has queries, keys and values, an axis of nothing before [T, N, C]
    node("Transpose", "features", "turned", { perm: [1, 0, 2] }),
    node("Unsqueeze", "turned front", "outside"),
    node("Transpose", "outside", "exchanged", { perm: [1, 2, 0, 3] }),
    node("ReduceMean", "exchanged front", "queries", { keepdims: 0 }),
  ],
  {
    kernel: normal([5, 3, 1, 1], 1),
    rows: intsTensor([0, 5, -1]),
    wide: normal([5, 7], 2),
    first: intsTensor([1]),
    front: intsTensor([0]),
    matrix: normal([7, 4], 3),
    one: normal([1, 5, 1, 1], 4),
    spatial: intsTensor([2, 3]),
  },
  SIZE,
);

const valueFor = (name: string, channelAxis?: number) =>
  diversityValue(
    network.model,
    { ...target(name), ...(channelAxis !== undefined && { channelAxis }) },
    [1, 3, SIZE.height, SIZE.width],
  );

test.each([
  ["a map itself", "patches", undefined, { value: "patches", channelAxis: 1 }],
  [
    "tokens, whose channels come last",
    "features",
    undefined,
    { value: "features", channelAxis: 2 },
  ],
  ["the axis that a request says", "features", 1, { value: "features", channelAxis: 1 }],
  ["the tokens before a head", "classes", undefined, { value: "features", channelAxis: 2 }],
  [
    "what comes before a map of one channel",
    "single",
    undefined,
    { value: "patches", channelAxis: 1 },
  ],
  [
    "the last map of each, not one of all images together",
    "queries",
    undefined,
    { value: "features", channelAxis: 2 },
  ],
])("images differ in %s", (_, name, channelAxis, wanted) => {
  expect(valueFor(name, channelAxis)).toEqual(wanted);
});

test("where no map has several channels and places there is none", () => {
  const grey = networkOf([node("Conv", "image one", "y")], { one: normal([1, 3, 1, 1], 4) }, SIZE);
  const shape = [1, 3, SIZE.height, SIZE.width] as const;
  expect(diversityValue(grey.network.model, grey.target("y"), shape)).toBeNull();
});
