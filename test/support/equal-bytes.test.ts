import { expect, test } from "vitest";

const halves = Float32Array.of(1, 2, 3, 1, 2, 3);
const image = { size: [1, 3], data: halves.subarray(0, 3) };

test("parts of one buffer with the same bytes are equal, alone and inside of others", () => {
  expect(halves.subarray(0, 3)).toEqual(halves.subarray(3));
  expect(image).toEqual({ size: [1, 3], data: halves.subarray(3) });
  expect(Float32Array.of(NaN)).toEqual(Float32Array.of(NaN));
});

test.each([
  ["another number", Float32Array.of(1, 2, 4)],
  ["fewer numbers", Float32Array.of(1, 2)],
  ["the same bytes of another type", new Uint8Array(halves.buffer, 0, 12)],
  ["the same numbers of another type", Float64Array.of(1, 2, 3)],
])("%s is not equal", (_, data) => {
  expect(data).not.toEqual(image.data);
  expect({ ...image, data }).not.toEqual(image);
});

test("zeros of two signs are not equal, as ever", () => {
  expect(Float32Array.of(0)).not.toEqual(Float32Array.of(-0));
});
