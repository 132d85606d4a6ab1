import { expect, test } from "vitest";

import { resizeBilinear } from "../../lib/image/resize.ts";
import { fixture } from "./fixture.ts";

interface TorchCase {
  readonly shape: readonly [number, number, number];
  readonly size: { readonly height: number; readonly width: number };
  readonly input: readonly number[];
  readonly output: readonly number[];
}

const cases = JSON.parse(
  Buffer.from(await fixture("bilinear-torch.json")).toString(),
) as readonly TorchCase[];

test.each(cases)("$shape to $size is PyTorch's", ({ shape, size, input, output }) => {
  const resized = resizeBilinear(Float32Array.from(input), shape, size);
  expectClose(resized, output);
});

test("the comparison notices corners that are aligned", () => {
  // align_corners=True maps 3 pixels to 5 as 0, 0.5, 1, 1.5, 2; PyTorch's False does not
  const resized = resizeBilinear(Float32Array.of(0, 1, 2), [1, 1, 3], { height: 1, width: 5 });
  expect(() => expectClose(resized, [0, 0.5, 1, 1.5, 2])).toThrow("value 1 is");
  expectClose(resized, [0, 0.4, 1, 1.6, 2]);
});

test("data of another length than the shape is our own mistake", () => {
  const five = new Float32Array(5);
  expect(() => resizeBilinear(five, [1, 2, 3], { height: 2, width: 2 })).toThrow(
    "internal: 5 values in a [1, 2, 3] image",
  );
});

/** Float32 keeps 7 digits; values are near 1. */
function expectClose(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    const off = Math.abs(actual[i]! - value);
    if (!(off < 2e-6)) throw new Error(`value ${i} is ${actual[i]}, want ${value}`);
  });
}
