import { expect, test } from "vitest";

import { fewestDigits, statisticsOf } from "../../../lib/pipeline/networks/statistics.ts";

test("statistics are those of all elements, however many turns they take", async () => {
  // 0 to 4 a whole number of times: mean 2, variance (4 + 1 + 0 + 1 + 4) / 5
  const values = Float32Array.from({ length: 5_000_000 }, (_, i) => 1000 + (i % 5));
  expect(await statisticsOf(values)).toEqual({
    min: 1000,
    mean: 1002,
    max: 1004,
    deviation: expect.closeTo(Math.SQRT2, 9),
  });
});

test("where they would say nothing there are none", async () => {
  expect(await statisticsOf(new Float32Array())).toBeNull();
  expect(await statisticsOf(Float32Array.of(1, -Infinity))).toBeNull();
  expect(await statisticsOf(Float32Array.of(1, NaN))).toBeNull();
});

test("a float is told in as few digits as tell it from all others", () => {
  for (const text of ["0.1", "1e-5", "-3.4028235e+38", "0.33333334", "16777216", "0"]) {
    expect(fewestDigits(Math.fround(Number(text)))).toBe(Number(text));
  }
});
