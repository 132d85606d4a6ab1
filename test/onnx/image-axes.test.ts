import { expect, test } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { imageInputOf } from "../../lib/onnx/image-input.ts";
import { checkedImageInput } from "../../lib/onnx/image-input.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";
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
