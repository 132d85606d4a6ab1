import { expect, test } from "vitest";

import { describeInput } from "../../lib/networks/describe-input.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import type { Node } from "../../lib/onnx/model.ts";
import { floatTensor, type Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const MEAN = [123.7, 116.3, 103.5] as const;
const STD = [58.4, 57.1, 57.4] as const;

/** 10 x 12 pixels, each with these numbers, a tenth more or less from one to the next. */
const pixels = (...values: readonly number[]) =>
  Array.from({ length: 120 }, (_, i) => values.map((x) => x * (1 + Math.sin(i) / 10))).flat();

/** What is assumed of a network whose nodes make `x` of its image, before its convolution. */
function inputOf(
  shape: readonly number[],
  nodes: readonly Node[],
  constants: Readonly<Record<string, Tensor>>,
) {
  const graph = sketch({
    inputs: { image: shape },
    nodes: [...nodes, node("Conv", "x w", "y")],
    outputs: ["y"],
    initializers: { w: normal([2, 3, 3, 3], 1), ...constants },
  });
  return describeInput(decodeModel(writeModel(graph, 17)), {}, "net.onnx").input;
}

test("a mean image and a deviation of each pixel, as MATLAB's zscore, are for bytes", () => {
  const input = inputOf([1, 3, 10, 12], [node("Sub", "image m", "a"), node("Div", "a s", "x")], {
    m: floatTensor(
      [1, 3, 10, 12],
      MEAN.flatMap((x) => pixels(x)),
    ),
    s: floatTensor(
      [3, 10, 12],
      STD.flatMap((x) => pixels(x)),
    ),
  });
  const untouched = { mean: [0, 0, 0], scale: [1, 1, 1], channelOrder: "RGB" };
  expect(input).toMatchObject(untouched);
  expect(input.assumed).toContain("0..255, as the network normalises inside (Sub 'a', Div 'x')");
});

test("a mean image of places first, blue before red, tells the colours' order", () => {
  const nodes = [node("Sub", "image m", "s"), node("Transpose", "s", "x", { perm: [0, 3, 1, 2] })];
  const m = floatTensor([10, 12, 3], pixels(...MEAN.toReversed()));
  const input = inputOf([1, 10, 12, 3], nodes, { m });
  expect(input).toMatchObject({ mean: [0, 0, 0], scale: [1, 1, 1], channelOrder: "BGR" });
});

test("a weight for each pixel is no mean, and nothing is known of the pixels", () => {
  const m = floatTensor([3, 10, 12], pixels(1 / 255, 1 / 255, 1 / 255));
  const input = inputOf([1, 3, 10, 12], [node("Mul", "image m", "x")], { m });
  expect(input).toMatchObject({ mean: [128, 128, 128], assumed: "RGB, 0..255 minus 128" });
});
