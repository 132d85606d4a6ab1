import { describe, expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { faded } from "../../../lib/optvis/ascent/fading.ts";
import type { FadeColour } from "../../../lib/optvis/ascent/fourier-recipe.ts";

/** Two planes of 2 x 5 pixels, with means of their own. */
const size = { height: 2, width: 5 };
const mean = [104, 60];
const values = [40, -80, 0, 12, 90, 7, -104, 151, 3, 66, 195, -60, 20, 80, 1, 2, 30, -9, 100, 50];
const SUMS = [0, 1, 2, 3, 4, 5, 6, 7, 80, 90];

/** In units of 0..255, as they are seen. */
function seen(sums: readonly number[], fadeTo: FadeColour): readonly number[] {
  const image = { ...size, data: Float32Array.from(values) };
  const { data } = faded(image, floatTensor([1, 2, 5], sums), { fadeTo, mean });
  return Array.from(data, (value, i) => value + mean[Math.floor(i / 10)]!);
}

/** The 80th of ten sorted percentiles lies at 7.2: a fifth of the way from 7 to 80. */
const FULL = 7 + 0.2 * 73;
const opacities = SUMS.map((sum) => {
  const t = Math.min(1, sum / FULL);
  return t * t * (3 - 2 * t);
});

describe("an image fades where the network wanted little", () => {
  test.each([
    ["white", 255],
    ["grey", 127.5],
    ["black", 0],
  ] as const)("into %s", (fadeTo, level) => {
    const pixels = seen(SUMS, fadeTo);
    values.forEach((value, i) => {
      const opaque = value + mean[Math.floor(i / 10)]!;
      const wanted = level + opacities[i % 10]! * (opaque - level);
      expect(pixels[i]).toBeCloseTo(wanted, 3);
    });
  });

  test("by shares of the sums, whatever their unit", () => {
    const tiny = seen(
      SUMS.map((sum) => sum * 1e-12),
      "white",
    );
    seen(SUMS, "white").forEach((value, i) => expect(tiny[i]).toBeCloseTo(value, 3));
  });

  test("all of it where that is hardly anywhere", () => {
    const one = SUMS.map((_, i) => Number(i === 3));
    const pixels = seen(one, "black");
    expect(pixels.map((value) => value !== 0)).toEqual(values.map((_, i) => i % 10 === 3));
  });

  test("and not at all before the first iteration", () => {
    const pixels = seen(
      SUMS.map(() => 0),
      "white",
    );
    expect(pixels).toEqual(values.map((value, i) => value + mean[Math.floor(i / 10)]!));
  });
});

test("a single pixel of a large image counts among its neighbours alone", () => {
  const [height, width] = [320, 480];
  const sums = new Float32Array(height * width).fill(1);
  // five pixels a side are one of the map
  sums[100 * width + 200] = 25;
  sums[250 * width + 300] = 0;
  const image = { height, width, data: new Float32Array(height * width).fill(100) };
  const { data } = faded(image, floatTensor([1, height, width], sums), {
    fadeTo: "black",
    mean: [0],
  });
  expect(data.toSorted()[0]).toBeGreaterThan(90);
  expect(data.filter((value) => value < 99.9).length).toBeLessThan(300);
});
