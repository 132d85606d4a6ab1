import { expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { difference, TOLERANCES } from "../../../lib/optvis/runtime/difference.ts";

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
const { webgpu, cuda } = TOLERANCES;

test("a step that is off by rounding is equal", () => {
  expect(difference(outputs(scaled(1.05), 3.1), wanted, feeds, webgpu)).toBeNull();
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
  expect(difference(given, wanted, feeds, webgpu)).toBe(
    `${problem} of its norm away from the CPU's, wanted at most 0.1`,
  );
});

test("an image without a gradient must not change on the GPU either", () => {
  const still = outputs(scaled(0));
  expect(difference(still, still, feeds, webgpu)).toBeNull();
  expect(difference(wanted, still, feeds, webgpu)).toMatch("image_out is Infinity");
});

test("of tensor cores' rounding is more let through, of a wrong step none", () => {
  const by = (factor: number) => difference(outputs(scaled(factor)), wanted, feeds, cuda);
  expect(by(1.4)).toBeNull();
  expect([by(0), by(0.4), by(2), by(-1)]).not.toContain(null);
});

test("a coefficient counts as much as its gradient is large: Adam's first step is its sign", () => {
  // the least gradient is so small that its sign is chance
  const gradient = [3, -2, 0.01, 4];
  const adam = (signs: readonly number[]) => ({
    coefficients_out: floatTensor(
      [4],
      START.map((value, i) => value + 0.125 * signs[i]!),
    ),
    first_moment_out: floatTensor([4], gradient),
  });
  const zero = floatTensor([4], [0, 0, 0, 0]);
  const state = { coefficients: floatTensor([4], START), first_moment: zero };
  const by = (signs: readonly number[], tolerance = webgpu) =>
    difference(adam(signs), adam([1, -1, 1, 1]), state, tolerance);
  expect(by([1, -1, -1, 1])).toBeNull();
  expect(by([1, 1, 1, 1])).toMatch("coefficients_out is 0.743 of its norm");
  expect(by([0, 0, 0, 0], cuda)).toMatch("coefficients_out is 1.00 of its norm");
  expect(by([NaN, -1, 1, 1], cuda)).toMatch("coefficients_out is Infinity");
});
