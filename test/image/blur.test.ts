import { expect, test } from "vitest";

import { blurred } from "../../lib/image/blur.ts";

test("a point is spread as a Gaussian says, and its sum stays", () => {
  const [height, width] = [13, 17];
  const point = new Float64Array(height * width);
  point[6 * width + 8] = 2;
  const spread = blurred(point, [height, width], 1.5);
  const at = (y: number, x: number) => spread[y * width + x]!;
  expect(spread.reduce((sum, value) => sum + value, 0)).toBeCloseTo(2, 12);
  // exp(-d^2 / (2 1.5^2)) of the middle, at a distance of 2 down and 1 across
  expect(at(8, 8) / at(6, 8)).toBeCloseTo(Math.exp(-4 / 4.5), 12);
  expect(at(8, 9) / at(6, 8)).toBeCloseTo(Math.exp(-5 / 4.5), 12);
  // beyond three deviations, rounded up
  expect(at(6, 8 - 6)).toBe(0);
});

test("beyond its edge a plane goes on as it ends", () => {
  const even = blurred(new Float64Array(12).fill(3), [3, 4], 2);
  expect([...even]).toEqual(Array(12).fill(expect.closeTo(3, 12)));
});
