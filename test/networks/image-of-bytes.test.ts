import { expect, test } from "vitest";

import { describeInput } from "../../lib/networks/describe-input.ts";
import type { GivenPreprocessing } from "../../lib/networks/preprocessing.ts";
import { decodeModel } from "../../lib/onnx/decode.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";

const [FLOAT, UINT8, INT8, INT32] = [1, 2, 3, 6];

/** What is assumed of a network that makes floats of its image, and convolves them. */
function describedAs(elemType: number, shape: readonly number[], given: GivenPreprocessing = {}) {
  const isLast = shape.at(-1) === 3;
  const floats = node("Cast", "image", "floats", { to: FLOAT });
  const first = node("Transpose", "floats", "first", { perm: [0, 3, 1, 2] });
  const graph = sketch({
    inputs: { image: [...shape] },
    nodes: [
      ...(isLast ? [floats, first] : [{ ...floats, outputs: ["first"] }]),
      node("Conv", "first w", "y"),
    ],
    outputs: ["y"],
    initializers: { w: normal([4, 3, 3, 3], 1) },
  });
  const bytes = writeModel(graph, 17, (model) => {
    const type = model.graph!.input[0]!.type!.value;
    if (type.case === "tensorType") type.value.elemType = elemType;
  });
  return describeInput(decodeModel(bytes), given, "net.onnx");
}

test.each([
  { type: UINT8, shape: [1, 8, 9, 3] },
  { type: UINT8, shape: [1, 3, 8, 9] },
  { type: INT32, shape: [1, 8, 9, 3] },
])("an image that the file has in bytes, of type $type and $shape, is pixels 0..255", (given) => {
  expect(describedAs(given.type, given.shape).input).toMatchObject({
    mean: [0, 0, 0],
    scale: [1, 1, 1],
    assumed: "RGB, 0..255, as the file has its image in bytes",
  });
});

test.each([FLOAT, INT8])("of an image of type %i nothing is known", (type) => {
  expect(describedAs(type, [1, 8, 9, 3]).input.assumed).toBe("RGB, 0..255 minus 128");
});

test("what is given of bytes is doubted where it makes others of them", () => {
  const doubtsOf = (given: GivenPreprocessing) => describedAs(UINT8, [1, 8, 9, 3], given).notices;
  expect(doubtsOf({ preprocessing: "torchvision" })).toEqual([
    "net.onnx: the file has its image in bytes, pixels 0..255, and was given others; to leave it so, give nothing",
  ]);
  expect(doubtsOf({ mean: [0], channelOrder: "BGR" })).toEqual([]);
});
