import { expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { difference } from "../../../lib/optvis/runtime/difference.ts";

const START = [100, -50, 20, 7];
const GRADIENT = [1, -2, 0.5, 4];
const feeds = { image: floatTensor([4], START) };

/** What an ascent gives whose step is some multiple of the gradient. */
const outputs = (step: readonly number[], activation = 3) => ({
  image_out: floatTensor(
    [4],
    START.map((value, i) => value + step[i]!),
  ),
  activations: floatTensor([1, 1], [activation]),
});
const scaled = (factor: number) => GRADIENT.map((value) => factor * value);
const wanted = outputs(GRADIENT);

test("a step that is off by rounding is equal", () => {
  expect(difference(outputs(scaled(1.05), 3.1), wanted, feeds)).toBeNull();
});

test.each([
  ["one fifth too long", outputs(scaled(1.2)), "image_out is 0.200"],
  ["in the other direction", outputs(scaled(-1)), "image_out is 2.00"],
  ["of zero", outputs(scaled(0)), "image_out is 1.00"],
  ["with one wrong element", outputs([1, -2, 0.5, -4]), "image_out is 1.74"],
  ["that is no number", outputs([1, NaN, 0.5, 4]), "image_out is Infinity"],
  ["with another activation", outputs(GRADIENT, 4), "activations is 0.333"],
  ["that is missing", { activations: wanted.activations }, "image_out is Infinity"],
])("a step %s is told, however little of the image it is", (_, given, problem) => {
  expect(difference(given, wanted, feeds)).toBe(
    `${problem} of its norm away from the CPU's, wanted at most 0.1`,
  );
});

test("an image without a gradient must not change on the GPU either", () => {
  const still = outputs(scaled(0));
  expect(difference(still, still, feeds)).toBeNull();
  expect(difference(wanted, still, feeds)).toMatch("image_out is Infinity");
});
