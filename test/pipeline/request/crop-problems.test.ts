import { expect, test } from "vitest";

import { cropMap } from "../../../lib/optvis/ascent/affine-draws.ts";
import { uniformFrom } from "../../../lib/optvis/random.ts";
import { cropProblems } from "../../../lib/pipeline/request/crop-problems.ts";
import { FOURIER_PRESETS } from "../../../lib/pipeline/request/fourier-presets.ts";

const CANVAS = { width: 300, height: 200 };
const CROP = { width: 90, height: 160 };
const crops = {
  canvasSize: [CANVAS.height, CANVAS.width] as [number, number],
  cropSize: [CROP.height, CROP.width] as [number, number],
  // of the canvas's height, which the crop fills: 100 pixels of it, and 56.25 of its width
  cropFraction: { start: [0.5, 0.5] as [number, number], end: [0.5, 0.5] as [number, number] },
};

/** The maps of many crops. */
function drawn(cropMargin: number, cropPlace: "anywhere" | "centre" | "wrapped") {
  const recipe = {
    ...FOURIER_PRESETS.natural.parameters,
    ...crops,
    canvasSize: CANVAS,
    cropSize: CROP,
    cropPlace,
    cropMargin,
    iterations: 1,
    rotation: 0,
  };
  return Array.from({ length: 4_000 }, (_, i) => cropMap(recipe, 0, uniformFrom("a", i)));
}

/** Share of drawn crops that reach over a line or a column of the canvas, along each axis. */
function touching(cropMargin: number, cropPlace: "anywhere" | "centre") {
  const draws = drawn(cropMargin, cropPlace);
  const share = (first: number, zoom: number, crop: number, canvas: number) =>
    draws.filter((map) => {
      const from = map[first]!;
      const to = from + map[zoom]! * (crop - 1);
      return to >= 0 && from <= canvas - 1;
    }).length / draws.length;
  return {
    across: share(2, 0, CROP.width, CANVAS.width),
    down: share(5, 4, CROP.height, CANVAS.height),
  };
}

test.each(["anywhere", "centre"] as const)(
  "%s: with the largest margin six of seven crops touch the canvas, with a larger one fewer do",
  (cropPlace) => {
    const [problem = ""] = cropProblems({ ...crops, cropPlace, cropMargin: 4_096 });
    expect(problem).toMatch(/^cropMargin: given 4096, .* canvas of \[200, 300\] pixels, /);
    const most = Number(/wanted at most (\d+)$/.exec(problem)?.[1]);
    expect(cropProblems({ ...crops, cropPlace, cropMargin: most })).toEqual([]);
    expect(cropProblems({ ...crops, cropPlace, cropMargin: most + 1 })).toHaveLength(1);
    const { across, down } = touching(most, cropPlace);
    expect(Math.min(across, down)).toBeCloseTo(0.85, 1.5);
    expect(Math.min(...Object.values(touching(2 * most, cropPlace)))).toBeLessThan(0.7);
  },
);

test("wrapped: no margin is too large, as there is none, and every place is seen as often", () => {
  const [canvas, crop] = [CANVAS.width, 56.25];
  expect(cropProblems({ ...crops, cropPlace: "wrapped", cropMargin: 4_096 })).toEqual([]);
  const draws = drawn(0, "wrapped");
  expect(drawn(4_096, "wrapped")).toEqual(draws);
  for (let column = 0; column < canvas; column += 30) {
    const seen = draws.filter((map) => (column - map[2]! + 2 * canvas) % canvas < crop);
    expect(Math.abs(seen.length / draws.length / (crop / canvas) - 1)).toBeLessThan(0.1);
  }
});

test("the margin of every preset will do, however small the crops are", () => {
  for (const { parameters, margin } of Object.values(FOURIER_PRESETS)) {
    const cropMargin = Math.round(margin(CANVAS, CROP));
    const cropFraction = { start: [0.01, 1] as [number, number], end: parameters.cropFraction.end };
    const { cropPlace } = parameters;
    expect(cropProblems({ ...crops, cropFraction, cropPlace, cropMargin })).toEqual([]);
  }
});
