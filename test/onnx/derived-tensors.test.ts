import { expect, test } from "vitest";

import { DerivedTensors } from "../../lib/onnx/derived-tensors.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";

const weight = floatTensor([2], [1, 2]);
const negated = () =>
  floatTensor(
    weight.shape,
    weight.data.map((x) => -x),
  );

test("what is made of a weight is made once for each name", () => {
  const derived = new DerivedTensors();
  const first = derived.of(weight, "negated", negated);
  expect([...first.data]).toEqual([-1, -2]);
  expect(derived.of(weight, "negated", negated)).toBe(first);
  expect(derived.of(weight, "negated twice", () => weight)).toBe(weight);
});

test("an equal weight is another weight", () => {
  const derived = new DerivedTensors();
  const first = derived.of(weight, "negated", negated);
  expect(derived.of(floatTensor([2], [1, 2]), "negated", negated)).not.toBe(first);
});
