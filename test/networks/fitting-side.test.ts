import { expect, test } from "vitest";

import { describeInput } from "../../lib/networks/describe-input.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { intsTensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

/** A network of patches of 32 pixels, whose file may leave sides of the image open. */
function described(
  { nodes, shape, sizePx }: { nodes: readonly Node[]; shape: Open; sizePx: number | null },
  tokens: number,
  beside: Parameters<typeof describeInput>[3] = null,
) {
  const graph = sketch({
    inputs: { image: [...shape] },
    nodes: [node("Conv", "image kernel", "patches", { strides: [32, 32] }), ...nodes],
    outputs: [nodes.at(-1)!.outputs[0]!],
    initializers: {
      kernel: normal([4, 3, 32, 32], 1),
      rows: intsTensor([0, 4, -1]),
      token: normal([1, 4, 1], 4),
      places: normal([1, 4, tokens + 1], 2),
      classes: normal([4 * tokens, 5], 3),
    },
  });
  const { input, notices } = describeInput(
    decodeModel(writeModel(graph, 17)),
    { sizePx },
    "n.onnx",
    beside,
  );
  return { size: [input.height, input.width], notices };
}

type Open = readonly (number | null)[];
const OPEN: Open = [null, null, null, null];
const ANY = { shape: OPEN, sizePx: null };
/** As vision transformers have it: each patch has a place, which goes with one size. */
const placed = [
  node("Reshape", "patches rows", "tokens"),
  node("Concat", "token tokens", "all", { axis: 2 }),
  node("Add", "all places", "y"),
];
const classified = [node("Flatten", "patches", "line"), node("Gemm", "line classes", "y")];
const free = [node("GlobalAveragePool", "patches", "y")];

test.each([
  { name: "places for 384 pixels", nodes: placed, tokens: 144, size: [384, 384], ...ANY },
  { name: "a head for 96 pixels", nodes: classified, tokens: 9, size: [96, 96], ...ANY },
  {
    name: "places for 96 by 384 pixels, of which the file says one",
    nodes: placed,
    tokens: 36,
    shape: [1, 3, 96, null],
    sizePx: null,
    size: [96, 384],
  },
  {
    name: "places for 384 by 96 pixels, of which the file says one",
    nodes: placed,
    tokens: 36,
    shape: [1, 3, null, 96],
    sizePx: null,
    size: [384, 96],
  },
])("a size that a file leaves open is one that its layers go with: $name", (given) => {
  const { size, notices } = described(given, given.tokens);
  expect(size).toEqual(given.size);
  const [height, width] = given.size;
  expect(notices.at(-1)).toBe(
    `n.onnx: it leaves the size of its images open, and its layers go with ${width}x${height}`,
  );
});

test.each([
  { name: "that go with any", nodes: free, tokens: 1, size: [224, 224], ...ANY },
  { name: "that go with none", nodes: placed, tokens: 11, size: [224, 224], ...ANY },
  { name: "that go with the usual", nodes: placed, tokens: 49, size: [224, 224], ...ANY },
  { name: "of a given size", nodes: placed, tokens: 144, ...ANY, sizePx: 64, size: [64, 64] },
  {
    name: "of the file's own size",
    nodes: placed,
    tokens: 144,
    shape: [1, 3, 64, 96],
    sizePx: null,
    size: [64, 96],
  },
])("images $name are of the usual size, or as was said", (given) => {
  const { size, notices } = described(given, given.tokens);
  expect({ size, notices: notices.length }).toEqual({ size: given.size, notices: 1 });
});

test.each([
  { name: "is theirs, where its layers go with it", nodes: free, tokens: 1, size: [96, 96] },
  { name: "is the usual one, where they do not", nodes: placed, tokens: 49, size: [224, 224] },
])("the size of images that a file beside a network says $name", (given) => {
  const beside = { path: "preprocessor_config.json", given: { mean: [0] }, sidePx: 96 };
  expect(described({ ...given, ...ANY }, given.tokens, beside).size).toEqual(given.size);
});
