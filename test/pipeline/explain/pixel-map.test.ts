import { expect, test } from "vitest";

import { drawPixelMap, pixelMap } from "../../../lib/pipeline/explain/pixel-map.ts";

test("pixels are red where they speak for the class, blue where against it, the strongest alike", () => {
  // two planes of 2 x 3, too small to be blurred; their sums are 8, -4, 2, 0, -2, 1
  const attribution = {
    shape: [2, 2, 3] as const,
    data: Float64Array.of(5, -4, 1, 1, 0, 1, 3, 0, 1, -1, -2, 0),
    score: 5,
    baselineScore: 0,
    steps: 1,
    noise: 0,
  };
  const map = pixelMap(attribution);
  // one of them is stronger than all others, which would be too pale to be seen
  expect([...map]).toEqual([4, -4, 2, 0, -2, 1].map((value) => expect.closeTo(value, 12)));
  // RdBu's red and blue, half way to them from white, and a quarter
  const pixels = [
    [178, 24, 43],
    [33, 102, 172],
    [217, 140, 149],
    [255, 255, 255],
    [144, 179, 214],
    [236, 197, 202],
  ];
  const { width, height, data } = drawPixelMap(map, [2, 3]);
  expect([height, width]).toEqual([2, 3]);
  const far = [...data].map((value, i) => Math.abs(value - pixels.flat()[i]!));
  expect(Math.max(...far)).toBeLessThanOrEqual(1);
  expect(new Set(drawPixelMap(new Float64Array(2), [1, 2]).data)).toEqual(new Set([255]));
});
