import { describe, expect, test } from "vitest";

import { channelAxes } from "../../../lib/onnx/channel-axis.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import {
  floatTensor,
  type FloatTensor,
  intsTensor,
  type Tensor,
} from "../../../lib/onnx/tensor.ts";
import { type ImageShape, layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../../lib/optvis/graph/vjp-graph.ts";
import { int } from "../../support/integers.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal, uniform } from "../../support/random.ts";
import { runGraph } from "../../support/run-graph.ts";
import { dot, largestDifference } from "../../support/vectors.ts";

interface Case {
  readonly what: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly opset: number;
  /** After the image; `null` for one left out. */
  readonly others?: readonly (Tensor | null)[];
  readonly attributes?: Attributes;
}

const window = uniform([6], 3, [0.2, 1]);

const transforms: readonly Case[] = [
  { what: "real", op: "DFT", shape: [2, 7, 4, 1], opset: 17 },
  { what: "complex", op: "DFT", shape: [2, 4, 8, 2], opset: 17, attributes: { axis: 2 } },
  { what: "axis from behind", op: "DFT", shape: [2, 4, 5, 2], opset: 17, attributes: { axis: -2 } },
  { what: "inverse", op: "DFT", shape: [2, 5, 4, 2], opset: 17, attributes: { inverse: 1 } },
  { what: "half", op: "DFT", shape: [2, 7, 4, 1], opset: 17, attributes: { onesided: 1 } },
  { what: "padded", op: "DFT", shape: [2, 5, 4, 2], opset: 17, others: [int(8)] },
  { what: "cut off", op: "DFT", shape: [2, 9, 4, 1], opset: 17, others: [int(4)] },
  { what: "the last axis by default", op: "DFT", shape: [2, 4, 6, 2], opset: 20 },
  { what: "axis as an input", op: "DFT", shape: [2, 4, 6, 1], opset: 20, others: [null, int(1)] },
  { what: "half", op: "STFT", shape: [2, 20, 1], opset: 17, others: [int(3), window] },
  // as PyTorch writes it
  { what: "half", op: "STFT", shape: [2, 20], opset: 17, others: [int(7), window, int(6)] },
  {
    what: "no window",
    op: "STFT",
    shape: [2, 21, 1],
    opset: 17,
    others: [int(4), null, int(7)],
  },
  {
    what: "all bins",
    op: "STFT",
    shape: [2, 19, 1],
    opset: 17,
    others: [int(5), window, int(6)],
    attributes: { onesided: 0 },
  },
];

/** ONNX Runtime's transform of complex signals, whatever it is, is not the sum of two real ones. */
const ofComplex: Case = {
  what: "complex",
  op: "STFT",
  shape: [2, 19, 2],
  opset: 17,
  others: [int(5), window, int(6)],
  attributes: { onesided: 0 },
};

/** The operator on an image, which is brought to the wanted shape first. */
function modelOf({ op, shape, opset, others = [], attributes }: Case) {
  const given = others.map((tensor, i) => [tensor ? `x${i}` : "_", tensor] as const);
  const image = [shape[0]!, 1, shape[1]!, shape.slice(2).reduce((a, b) => a * b, 1)] as const;
  const graph = sketch({
    inputs: { image },
    nodes: [
      node("Reshape", "image shape", "x"),
      node(op, ["x", ...given.map(([name]) => name)].join(" "), "y", attributes),
    ],
    outputs: ["y"],
    initializers: {
      shape: intsTensor([0, ...shape.slice(1)]),
      ...Object.fromEntries(given.flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : []))),
    },
  });
  return { image, bytes: writeModel(graph, opset) };
}

/** By the operators that we write for it. */
async function written(bytes: Uint8Array, image: FloatTensor) {
  const { graph, problems } = specialise(decodeModel(bytes), image.shape as ImageShape);
  expect([...problems.values()]).toEqual([]);
  expect(graph.nodes.filter(({ op }) => op === "DFT" || op === "STFT")).toEqual([]);
  const { y } = await runModel(encodeModel(graph), { image });
  return y as FloatTensor;
}

describe("a Fourier transform is what ONNX Runtime computes", () => {
  test.each(transforms)("$op of opset $opset, $shape, $what", async (given) => {
    const { image: shape, bytes } = modelOf(given);
    const image = normal(shape, 1);
    const { y: wanted } = await runModel(bytes, { image });
    const y = await written(bytes, image);
    expect(largestDifference(y, wanted)).toBeLessThan(1e-5);
  });

  test("the inverse is not the transform", async () => {
    const [forward, inverse] = [{}, { inverse: 1 }].map((attributes) =>
      modelOf({ ...transforms[1]!, attributes: { axis: 2, ...attributes } }),
    );
    const image = normal(forward!.image, 1);
    const { y: wanted } = await runModel(forward!.bytes, { image });
    expect(largestDifference(await written(inverse!.bytes, image), wanted)).toBeGreaterThan(1);
  });
});

test("the axis may be a Constant's number, of whichever attribute", async () => {
  const image = normal([2, 1, 4, 6], 1);
  const ofAxis = (attributes: Attributes) =>
    writeModel(
      sketch({
        inputs: { image: image.shape },
        nodes: [
          node("Constant", "", "axis", attributes),
          node("Reshape", "image shape", "x"),
          node("DFT", "x _ axis", "y"),
        ],
        outputs: ["y"],
        initializers: { shape: intsTensor([2, 4, 6, 1]) },
      }),
      20,
    );
  for (const attributes of [{ value: { tensor: int(1) } }, { value_int: 1 }]) {
    const bytes = ofAxis(attributes);
    const { y: wanted } = await runModel(bytes, { image });
    expect(largestDifference(await written(bytes, image), wanted)).toBeLessThan(1e-5);
  }
  const { y: another } = await runModel(ofAxis({ value_int: 2 }), { image });
  const y = await written(ofAxis({ value_int: 1 }), image);
  expect(largestDifference(y, another)).toBeGreaterThan(1);
});

test("STFT of a complex signal is that of its parts, of which one is turned by a right angle", async () => {
  const { image: shape, bytes } = modelOf(ofComplex);
  const image = normal(shape, 1);
  const y = await written(bytes, image);
  const real = modelOf({ ...ofComplex, shape: [2, 19, 1] });
  const [re, im] = await Promise.all(
    [0, 1].map(async (part) => {
      const numbers = image.data.filter((_, i) => i % 2 === part);
      const run = await runModel(real.bytes, { image: floatTensor(real.image, numbers) });
      return run["y"] as FloatTensor;
    }),
  );
  const wanted = re!.data.map((value, i) =>
    i % 2 === 0 ? value - im!.data[i + 1]! : value + im!.data[i - 1]!,
  );
  expect(largestDifference(y, floatTensor(y.shape, wanted))).toBeLessThan(1e-5);
});

/** Of an even and of an odd length. ONNX Runtime's half spectrum, which it has not inverted yet. */
test.each([8, 9])("half a spectrum of %i points comes back as the signal", async (length) => {
  const image = normal([2, 1, length, 4], 2);
  const graph = sketch({
    inputs: { image: image.shape },
    nodes: [
      node("Reshape", "image shape", "x"),
      node("DFT", "x", "half", { onesided: 1 }),
      node("DFT", "half length", "y", { onesided: 1, inverse: 1 }),
    ],
    outputs: ["y"],
    initializers: { shape: intsTensor([0, length, 4, 1]), length: int(length) },
  });
  const y = await written(writeModel(graph, 17), image);
  expect(y.shape).toEqual([2, length, 4, 1]);
  expect(largestDifference(floatTensor(image.shape, y.data), image)).toBeLessThan(1e-5);
});

/** Linear maps: <A x, u> = <x, A' u>. */
test.each([...transforms, ofComplex])(
  "the gradient of $op, $shape, $what, is the adjoint",
  async (given) => {
    const { image: shape, bytes } = modelOf(given);
    const image = normal(shape, 4);
    const pass = layerPass(decodeModel(bytes), { value: "y", name: "y" }, shape);
    const cotangent = normal(pass.layerShape, 5);
    const { gradient } = await runGraph(vjpGraph(pass, "cpu"), { image, cotangent });
    const y = await written(bytes, image);
    const norm = Math.hypot(...gradient!.data);
    expect(
      Math.abs(dot(y, floatTensor(y.shape, cotangent.data)) - dot(image, gradient!)),
    ).toBeLessThan(1e-5 * norm);
  },
);

test("channels stay on their axis, in the last places too", () => {
  const graph = sketch({
    inputs: { image: [1, 5, 6, 8] },
    nodes: [
      node("Transpose", "image", "last", { perm: [0, 2, 3, 1] }),
      node("Unsqueeze", "last end", "x"),
      node("DFT", "x", "y", { axis: 2, onesided: 1 }),
    ],
    outputs: ["y"],
    initializers: { end: intsTensor([-1]) },
  });
  const at = specialise(decodeModel(writeModel(graph, 17)), [1, 5, 6, 8]);
  expect(at.facts.get("y")?.shape).toEqual([1, 6, 5, 5, 2]);
  expect(channelAxes(at).get("y")).toBe(3);
});

test("bins are the channels of a spectrogram, its power's too", () => {
  const graph = sketch({
    inputs: { image: [1, 1, 1, 30] },
    nodes: [
      node("Squeeze", "image plane", "signal"),
      node("STFT", "signal step window", "y"),
      node("ReduceSumSquare", "y end", "power", { keepdims: 0 }),
    ],
    outputs: ["power"],
    initializers: { plane: intsTensor([1, 2]), step: int(4), window, end: intsTensor([-1]) },
  });
  const at = specialise(decodeModel(writeModel(graph, 18)), [1, 1, 1, 30]);
  expect(at.facts.get("power")?.shape).toEqual([1, 7, 4]);
  expect(["y", "power"].map((value) => channelAxes(at).get(value))).toEqual([2, 2]);
});

test("a spectrum that is too long is refused in one line", () => {
  const { bytes } = modelOf({ what: "", op: "DFT", shape: [1, 70_000, 1, 1], opset: 17 });
  const { problems } = specialise(decodeModel(bytes), [1, 1, 70_000, 1]);
  expect(problems.get("y")?.message).toMatch(/^DFT 'y' has a matrix of 9800000000 numbers/);
});
