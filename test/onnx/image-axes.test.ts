import { expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { imageAxes } from "../../lib/onnx/image-axes.ts";
import { imageInputOf } from "../../lib/onnx/image-input.ts";
import { checkedImageInput } from "../../lib/onnx/image-input.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { int } from "../support/integers.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const BANDS = 9;
const bands = (value: number) => floatTensor([BANDS], Array<number>(BANDS).fill(value));

/** A spectrogram [N, 1, time, bands] whose bands are normalised, turned to where channels lie. */
function spectrogram(isConvolved: boolean) {
  const turn = { perm: [0, 3, 2, 1] };
  return sketch({
    inputs: { image: [null, 1, 12, BANDS] },
    nodes: [
      node("Transpose", "image", "turned", turn),
      node("BatchNormalization", "turned one zero zero one", "normed"),
      node("Transpose", "normed", "back", turn),
      isConvolved ? node("Conv", "back w", "y") : node("Flatten", "back", "y"),
    ],
    outputs: ["y"],
    initializers: { one: bands(1), zero: bands(0), w: normal([4, 1, 3, 3], 1) },
  });
}

test.each([
  { tells: "a convolution behind it", isConvolved: true, shape: [null, 1, 12, BANDS] },
  { tells: "it, if nothing else does", isConvolved: false, shape: [null, BANDS, 1, 12] },
])("of an image that is normalised along an axis, $tells tells the planes", (given) => {
  const { graph } = decodeModel(writeModel(spectrogram(given.isConvolved), 17));
  expect(graph.inputs[0]!.shape).toEqual(given.shape);
});

test("where the file leaves them open, a weight tells the planes, one of a Constant node too", () => {
  const weight = normal([4, 5, 3, 3], 1);
  const convolved = (isNode: boolean) =>
    sketch({
      inputs: { image: [null, null, 8, 8] },
      nodes: [
        ...(isNode ? [node("Constant", "", "w", { value: { tensor: weight } })] : []),
        node("Conv", "image w", "y"),
      ],
      outputs: ["y"],
      initializers: isNode ? {} : { w: weight },
    });
  const planes = [false, true].map((isNode) => {
    return imageInputOf(decodeModel(writeModel(convolved(isNode), 17)).graph).planes;
  });
  expect(planes).toEqual([5, 5]);
});

test("a network of sequences of several channels is told to be none of images", () => {
  const graph = sketch({
    inputs: { features: [null, 80, 300] },
    nodes: [node("Conv", "features w", "y", { kernel_shape: [3] })],
    outputs: ["y"],
    initializers: { w: normal([4, 80, 3], 1) },
  });
  const model = decodeModel(writeModel(graph, 17));
  expect(() => checkedImageInput(model.graph)).toThrow(
    /^Conv 'y' slides along one axis: its input 'features' is a sequence, no image; /,
  );
});

const TO_FIRST = node("Transpose", "image", "t", { perm: [0, 3, 1, 2] });
const TO_ANY = node("Conv", "u w", "y");
const domain = "com.example";

/** Of an image of one row of each axis: its axis of planes, that of images, and how many planes. */
function told(nodes: readonly Node[], rank = 4) {
  const shape = Array.from({ length: rank }, (_, axis) => axis + 2);
  const initializers = {
    w: normal([4, 3, 1, 1], 1),
    zero: int(0),
    first: intsTensor([0]),
    fifth: intsTensor([-5]),
    front: intsTensor([0, -3]),
    far: intsTensor([0, 1, 2, 3, 4]),
  };
  const graph = sketch({ inputs: { image: shape }, nodes, outputs: ["y"], initializers });
  const axes = imageAxes(graph, graph.inputs[0]!);
  return axes && [axes.planeAxis, axes.batchAxis, axes.planes];
}

test.each([
  ...["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"].map((op) => [op]),
  ...["SpaceToDepth", "DepthToSpace", "ConvTranspose"].map((op) => [op]),
  ...["BatchNormalization", "InstanceNormalization", "GroupNormalization", "LRN"].map((op) => [op]),
])("%s takes the second axis for planes, and says not how many", (op) => {
  expect(told([TO_FIRST, node(op, "t w", "y")])).toEqual([3, 0, null]);
});

test.each([
  ["Conv", "t w", 2, 6],
  ["ConvInteger", "t w", undefined, 3],
  ["QLinearConv", "t zero zero w", undefined, 3],
])(
  "%s has as many planes as each group of its weights, and groups",
  (op, inputs, group, planes) => {
    const attributes = group === undefined ? {} : { group };
    expect(told([TO_FIRST, node(op, inputs, "y", attributes)])).toEqual([3, 0, planes]);
  },
);

const KEEPERS =
  "Cast CastLike Identity Dropout Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Clip Min Max Floor " +
  "Round Relu LeakyRelu Sigmoid Tanh Pad Resize Upsample QuantizeLinear DequantizeLinear LRN";

test.each(KEEPERS.split(" "))("behind %s planes are where they were", (op) => {
  expect(told([TO_FIRST, node(op, "t", "u"), TO_ANY])).toEqual([3, 0, 3]);
});

test.each<[string, readonly Node[], ReturnType<typeof told>, number?]>([
  ["a constant first", [TO_FIRST, node("Sub", "zero t", "u"), TO_ANY], [3, 0, 3]],
  ["a part of it", [TO_FIRST, node("Slice", "t", "u"), TO_ANY], [3, 0, null]],
  ["more beside it", [TO_FIRST, node("Concat", "t zero", "u"), TO_ANY], [3, 0, null]],
  ["axes turned around", [node("Transpose", "image", "u"), TO_ANY], [2, 3, 3]],
  ["axes turned as of another", [node("Transpose", "image", "u", { perm: [1, 0] }), TO_ANY], null],
  ["a list of it, the first", [node("Gather", "image zero", "u"), TO_ANY], [2, 1, null], 5],
  [
    "a list of it behind",
    [node("Gather", "image zero", "u", { axis: -1 }), TO_ANY],
    [1, 0, null],
    5,
  ],
  [
    "an axis put on and taken off",
    [
      node("Unsqueeze", "image first", "wide"),
      node("Gather", "wide zero", "u", { axis: 0 }),
      TO_ANY,
    ],
    [1, 0, 3],
  ],
  [
    "a part, an axis put on and taken off",
    [
      node("Slice", "image", "part"),
      node("Unsqueeze", "part first", "wide"),
      node("Gather", "wide zero", "u"),
      TO_ANY,
    ],
    [1, 0, null],
  ],
  ["several of a list", [node("Gather", "image first", "u"), TO_ANY], null, 5],
  ["who knows which of a list", [node("Gather", "image places", "u"), TO_ANY], null, 5],
  ["axes around it", [node("Unsqueeze", "image front", "u"), TO_ANY], [null, null, 3], 2],
  ["the fifth axis from the end off", [node("Squeeze", "image fifth", "u"), TO_ANY], [2, 1, 3], 5],
  ["two axes off", [node("Squeeze", "image front", "u"), TO_ANY], [2, 1, 3], 6],
  ["who knows which axes off", [node("Squeeze", "image places", "u"), TO_ANY], null, 5],
  [
    "as many axes as an image may have",
    [node("Unsqueeze", "image far", "u"), TO_ANY],
    [null, null, 3],
    3,
  ],
  ["more axes than any image", [node("Unsqueeze", "image far", "u"), TO_ANY], null],
  ["its use as a weight", [node("Conv", "other image", "y")], null],
  ["what another's operator does", [{ ...node("Conv", "image w", "y"), domain }], null],
  [
    "two that normalise",
    [TO_FIRST, node("LRN", "t", "u"), node("LRN", "image", "y")],
    [1, 0, null],
  ],
  ["nothing", [node("Flatten", "image", "y")], null],
])("of %s is told what it tells", (_, nodes, wanted, rank) => {
  expect(told(nodes, rank)).toEqual(wanted);
});

test("an image that is read in two ways again and again is followed once, one without a shape not", () => {
  const chain = Array.from({ length: 40 }, (_, i) => [
    node("Neg", `v${i}`, `n${i}`),
    node("Add", `v${i} n${i}`, `v${i + 1}`),
  ]);
  const nodes = [node("Identity", "image", "v0"), ...chain.flat(), node("MaxPool", "v40", "y")];
  expect(told(nodes)).toEqual([1, 0, null]);
  const graph = sketch({ inputs: {}, nodes, outputs: ["y"] });
  expect(imageAxes(graph, { name: "image", type: "float32", shape: null })).toBeNull();
});
