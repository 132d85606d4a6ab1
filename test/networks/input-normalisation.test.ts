import { expect, test } from "vitest";

import { describeInput } from "../../lib/networks/describe-input.ts";
import type { GivenPreprocessing } from "../../lib/networks/preprocessing.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { floatTensor, intsTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const MEAN = [0.485, 0.456, 0.406] as const;
const STD = [0.229, 0.224, 0.225] as const;
const perPlane = (values: readonly number[]) => floatTensor([1, values.length, 1, 1], values);
const scalar = (value: number) => floatTensor([], [value]);

interface Case {
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly planes?: number;
  readonly shape?: readonly number[];
}

/** A network whose nodes make `x` of its image, before its first convolution. */
function described(
  { nodes, constants = {}, planes = 3, shape = [1, planes, 10, 12] }: Case,
  given: GivenPreprocessing = {},
) {
  const bytes = writeModel(
    sketch({
      inputs: { image: shape },
      nodes: [...nodes, node("Conv", "x w", "y")],
      outputs: ["y"],
      initializers: { w: normal([2, planes, 3, 3], 1), ...constants },
    }),
    17,
  );
  return describeInput(decodeModel(bytes), given, "net.onnx");
}

const toFirst = node("Transpose", "s", "x", { perm: [0, 3, 1, 2] });
const vectors = (variance: number, mean: number) => ({
  g: floatTensor([3], [1, 1, 1]),
  b: floatTensor([3], [0, 0, 0]),
  m: floatTensor([3], [mean, mean, mean]),
  v: floatTensor([3], [variance, variance, variance]),
});

test.each<[string, Case, { mean: number; scale: number; order?: string; says: RegExp }]>([
  [
    "mean and std of 0..1",
    {
      nodes: [node("Sub", "image m", "a"), node("Div", "a s", "x")],
      constants: { m: perPlane(MEAN), s: perPlane(STD) },
    },
    { mean: 0, scale: 1 / 255, order: "RGB", says: /0\.\.1, .*Sub 'a', Div 'x'/ },
  ],
  [
    "the same of one image without a batch, as detectors of torchvision",
    {
      shape: [3, 10, 12],
      nodes: [
        node("Sub", "image m", "a"),
        node("Div", "a s", "b"),
        node("Unsqueeze", "b front", "x"),
      ],
      constants: {
        m: floatTensor([3, 1, 1], MEAN),
        s: floatTensor([3, 1, 1], STD),
        front: intsTensor([0]),
      },
    },
    { mean: 0, scale: 1 / 255, order: "RGB", says: /0\.\.1, .*Sub 'a', Div 'b'/ },
  ],
  [
    "the same behind an axis that is put behind the planes",
    {
      nodes: [
        node("Unsqueeze", "image at", "u"),
        node("Sub", "u m", "a"),
        node("Div", "a s", "b"),
        node("Squeeze", "b at", "x"),
      ],
      constants: {
        m: floatTensor([3, 1, 1, 1], MEAN),
        s: floatTensor([3, 1, 1, 1], STD),
        at: intsTensor([-3]),
      },
    },
    { mean: 0, scale: 1 / 255, order: "RGB", says: /0\.\.1, .*Sub 'a', Div 'b'/ },
  ],
  [
    "the same the other way round, blue first, of bytes",
    {
      nodes: [node("Mul", "f image", "a"), node("Add", "o a", "x")],
      constants: {
        f: perPlane(STD.toReversed().map((std) => 1 / 255 / std)),
        o: perPlane(MEAN.map((mean, i) => -mean / STD[i]!).toReversed()),
      },
    },
    { mean: 0, scale: 1, order: "BGR", says: /0\.\.255/ },
  ],
  [
    "bytes to -1..1",
    {
      nodes: [node("Mul", "image f", "a"), node("Sub", "a o", "x")],
      constants: { f: scalar(1 / 127.5), o: scalar(1) },
    },
    { mean: 0, scale: 1, says: /0\.\.255/ },
  ],
  [
    "bytes to 0..1, channels last, cast, padded and transposed",
    {
      nodes: [
        node("Cast", "image", "c", { to: 1 }),
        node("Mul", "c f", "a"),
        node("Pad", "a p", "s"),
        toFirst,
      ],
      shape: [1, 10, 12, 3],
      constants: {
        f: scalar(1 / 255),
        p: { type: "int64", shape: [8], data: BigInt64Array.of(0n, 1n, 1n, 0n, 0n, 1n, 1n, 0n) },
      },
    },
    { mean: 0, scale: 1, says: /0\.\.255/ },
  ],
  [
    "a vector along the last axis, channels last",
    {
      nodes: [node("Sub", "image m", "s"), toFirst],
      shape: [1, 10, 12, 3],
      constants: { m: floatTensor([3], [103.9, 116.8, 123.7]) },
    },
    { mean: 0, scale: 1, order: "BGR", says: /0\.\.255/ },
  ],
  [
    "BatchNormalization of bytes",
    { nodes: [node("BatchNormalization", "image g b m v", "x")], constants: vectors(3600, 117) },
    { mean: 0, scale: 1, says: /0\.\.255, .*BatchNormalization/ },
  ],
  [
    "-1..1 to bytes about a mean",
    {
      nodes: [node("Add", "image one", "a"), node("Mul", "a half", "c"), node("Sub", "c m", "x")],
      constants: { one: scalar(1), half: scalar(127.5), m: perPlane([120, 118, 104]) },
    },
    { mean: 127.5, scale: 1 / 127.5, says: /-1\.\.1/ },
  ],
  [
    "one plane, as of written digits",
    {
      nodes: [node("Sub", "image m", "a"), node("Div", "a s", "x")],
      constants: { m: scalar(0.1307), s: scalar(0.3081) },
      planes: 1,
    },
    { mean: 0, scale: 1 / 255, order: "planes", says: /grey, 0\.\.1/ },
  ],
  [
    "the order of its planes, then their means",
    {
      nodes: [node("Gather", "image turned", "t", { axis: 1 }), node("Sub", "t m", "x")],
      constants: { turned: intsTensor([2, 1, 0]), m: perPlane([103.9, 116.8, 123.7]) },
    },
    { mean: 0, scale: 1, order: "RGB", says: /0\.\.255/ },
  ],
  [
    "each plane by its own mean, channels last, joined in another order",
    {
      nodes: [
        node("Split", "image", "r g b", { axis: 3 }),
        ...["r", "g", "b"].map((plane) => node("Sub", `${plane} ${plane}m`, `${plane}0`)),
        node("Concat", "b0 g0 r0", "s", { axis: -1 }),
        toFirst,
      ],
      shape: [1, 10, 12, 3],
      constants: { rm: scalar(123.7), gm: scalar(116.8), bm: scalar(103.9) },
    },
    { mean: 0, scale: 1, order: "RGB", says: /0\.\.255, .*Sub 'r0', Sub 'g0', Sub 'b0'/ },
  ],
])("a network that normalises inside: %s", (_, network, { mean, scale, order = "RGB", says }) => {
  const { input, notices } = described(network);
  expect(input.channelOrder).toBe(order);
  for (const each of input.mean) expect(each).toBeCloseTo(mean, 9);
  for (const each of input.scale) expect(each).toBeCloseTo(scale, 9);
  expect(input.assumed).toMatch(says);
  expect(notices).toEqual([expect.stringContaining(input.assumed!)]);
});

/** Takes the planes apart, as torchvision's Inceptions do, of `means` and `std` in 0..1. */
function fromTorchvision(means: readonly number[], last = "x2"): Case {
  const planes = [0, 1, 2];
  const constants = Object.fromEntries(
    planes.flatMap((i) => [
      [`i${i}`, { ...intsTensor([i]), shape: [] }],
      [`f${i}`, scalar(STD[i]! / 0.5)],
      [`o${i}`, scalar((means[i]! - 0.5) / 0.5)],
    ]),
  );
  const nodes = planes.flatMap((i) => [
    node("Gather", `image i${i}`, `g${i}`, { axis: 1 }),
    node("Unsqueeze", `g${i} one`, `u${i}`),
    node("Mul", `u${i} f${i}`, `m${i}`),
    node("Add", `m${i} o${i}`, `x${i}`),
  ]);
  return {
    nodes: [...nodes, node("Concat", `x0 x1 ${last}`, "x", { axis: 1 })],
    constants: { ...constants, one: intsTensor([1]) },
  };
}

test("a network that makes -1..1 of what torchvision normalised", () => {
  const { input, notices } = described(fromTorchvision(MEAN));
  expect(input.channelOrder).toBe("RGB");
  for (const [i, mean] of MEAN.entries()) {
    expect(input.mean[i]).toBeCloseTo(255 * mean, 9);
    expect(input.scale[i]).toBeCloseTo(1 / (255 * STD[i]!), 9);
  }
  expect(notices).toEqual([
    expect.stringMatching(/assuming RGB, torchvision's normalisation, .*'m0'/),
  ]);
  // it is known, and nothing else is suggested
  expect(notices[0]).not.toContain("want torchvision");
});

test.each<[string, Case]>([
  ["a plane twice", fromTorchvision(MEAN, "x1")],
  ["planes about other means", fromTorchvision([0.5, 0.2, 0.1])],
  ["nothing before the convolution", { nodes: [node("Identity", "image", "x")] }],
  ["a factor alone", { nodes: [node("Mul", "image f", "x")], constants: { f: scalar(1) } }],
  // normalised pixels normalised once more, as mxnet's ResNets do: of no one range
  [
    "BatchNormalization about zero",
    {
      nodes: [node("BatchNormalization", "image g b m v", "x")],
      constants: vectors(1.1, 0.02),
    },
  ],
  [
    "numbers that differ from place to place",
    {
      nodes: [node("Sub", "image m", "x")],
      constants: { m: normal([1, 3, 10, 12], 2) },
    },
  ],
  [
    "a division by the image",
    { nodes: [node("Div", "f image", "x")], constants: { f: scalar(255) } },
  ],
  [
    "another that reads the image too",
    {
      nodes: [node("Sub", "image m", "a"), node("Add", "a image", "x")],
      constants: { m: scalar(127) },
    },
  ],
  [
    // one by one they would be 300^6
    "a constant made of hundreds, each of those of hundreds",
    {
      nodes: [
        ...Array.from({ length: 6 }, (_, i) =>
          node("Concat", `c${i} `.repeat(300), `c${i + 1}`, { axis: 0 }),
        ),
        node("Sub", "image c6", "x"),
      ],
      constants: { c0: floatTensor([1], [127]) },
    },
  ],
])("is not recognised by %s", (_, network) => {
  const { input } = described(network);
  expect(input).toMatchObject({ mean: [128, 128, 128], assumed: "RGB, 0..255 minus 128" });
});

test("what is given on top is doubted, unless it is what the network takes", () => {
  const network: Case = {
    nodes: [node("Sub", "image m", "a"), node("Div", "a s", "x")],
    constants: { m: perPlane(MEAN), s: perPlane(STD) },
  };
  expect(described(network, { preprocessing: "torchvision" }).notices).toEqual([
    expect.stringMatching(/normalises inside .* normalised twice/),
  ]);
  const taken = described(network, { preprocessing: "zero-one" });
  expect(taken.notices).toEqual([]);
  expect(taken.input.assumed).toBeUndefined();
});
