import { expect, test } from "vitest";

import {
  type GivenPreprocessing,
  PREPROCESSING_NAMES,
  preprocessingDoubt,
  toPreprocessing,
} from "../../lib/networks/preprocessing.ts";

/** What a network sees of a pixel in 0..255, per plane. */
function seen(given: GivenPreprocessing, pixel: number, planes = 3): readonly number[] {
  const { mean, scale } = toPreprocessing(given, planes);
  return mean.map((each, i) => (pixel - each) * scale[i]!);
}

/** As each convention's own code has it, of a pixel in 0..255. */
const FORMULAS: Readonly<Record<string, (pixel: number) => readonly number[]>> = {
  torchvision: (p) => [
    (p / 255 - 0.485) / 0.229,
    (p / 255 - 0.456) / 0.224,
    (p / 255 - 0.406) / 0.225,
  ],
  caffe: (p) => [p - 103.939, p - 116.779, p - 123.68],
  tensorflow: (p) => [p / 127.5 - 1, p / 127.5 - 1, p / 127.5 - 1],
  "zero-one": (p) => [p / 255, p / 255, p / 255],
  "minus-one-one": (p) => [(2 * p) / 255 - 1, (2 * p) / 255 - 1, (2 * p) / 255 - 1],
};

test.each(PREPROCESSING_NAMES)("%s is what its own code does", (name) => {
  for (const pixel of [0, 7, 127.5, 255]) {
    const wanted = FORMULAS[name]!(pixel);
    seen({ preprocessing: name }, pixel).forEach((value, i) =>
      expect(value).toBeCloseTo(wanted[i]!, 10),
    );
  }
});

test("mean and std of 0..1 are those of 0..255 divided by 255", () => {
  const ofOne = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.2], range: 1 };
  const ofBytes = { mean: [25.5, 51, 76.5], std: [127.5, 63.75, 51] };
  for (const pixel of [3, 200]) {
    const wanted = seen(ofBytes, pixel);
    seen(ofOne, pixel).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 10));
  }
});

test.each<[string, GivenPreprocessing, number, object]>([
  ["nothing", {}, 3, { channelOrder: "RGB", mean: [128, 128, 128], scale: [1, 1, 1] }],
  ["one plane", { mean: [3] }, 1, { channelOrder: "planes", mean: [3], scale: [1] }],
  ["one number", { mean: [3], scale: [2] }, 4, { mean: [3, 3, 3, 3], scale: [2, 2, 2, 2] }],
  ["a range alone", { range: 1 }, 2, { mean: [0, 0], scale: [1 / 255, 1 / 255] }],
  ["no colours", { channelOrder: "planes" }, 3, { channelOrder: "planes" }],
])("%s is filled in", (_, given, planes, wanted) => {
  expect(toPreprocessing(given, planes)).toMatchObject(wanted);
});

test.each<[GivenPreprocessing, number, string]>([
  [{ preprocessing: "caffe", mean: [1] }, 3, "'caffe' and mean; want one or the other"],
  [{ preprocessing: "torchvision" }, 4, "for images of 3 planes, and the network's have 4"],
  [{ preprocessing: "caffe", channelOrder: "RGB" }, 3, "for BGR, given the order RGB"],
  [{ std: [2], scale: [2] }, 3, "want one of them"],
  [{ mean: [1, 2] }, 3, "mean: given 2 numbers; want one, or 3"],
  [{ std: [1, 0, 1] }, 3, "std: given 0"],
  [{ scale: [0] }, 2, "scale: 0 would erase"],
  [{ channelOrder: "BGR" }, 1, "the network's images have 1 planes"],
  [{ range: 0 }, 3, "range: given 0"],
])("%j is refused for %i planes", (given, planes, message) => {
  expect(() => toPreprocessing(given, planes)).toThrow(RangeError);
  expect(() => toPreprocessing(given, planes)).toThrow(message);
});

test.each<[string, GivenPreprocessing, RegExp]>([
  ["a mean of 0..1 off 0..255", { mean: [0.485, 0.456, 0.406] }, /say --range 1/],
  ["a std of 0..1", { mean: [123.7, 116.3, 103.5], std: [0.229] }, /std 0\.229 .*--range 1/],
  ["a mean of 0..255 off 0..1", { mean: [123.7], range: 1 }, /leave --range out/],
  ["a std given as a scale", { mean: [123.7], scale: [58.4] }, /is scale a std/],
  ["what makes all pixels one", { scale: [1e-6] }, /span 0\.000255 units/],
])("%s is doubted", (_, given, doubt) => {
  expect(preprocessingDoubt(given)).toMatch(doubt);
});

test.each<[string, GivenPreprocessing]>([
  ["no mean", { mean: [0], std: [255] }],
  ["caffe's", { mean: [104, 117, 123] }],
  ["torchvision's", { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], range: 1 }],
  ["the same of 0..255", { mean: [123.7, 116.3, 103.5], scale: [0.0171, 0.0175, 0.0174] }],
  ["reflectances", { mean: [1354], std: [245], range: 10_000 }],
  ["a preset", { preprocessing: "zero-one" }],
])("%s is not", (_, given) => {
  expect(preprocessingDoubt(given)).toBeNull();
});
