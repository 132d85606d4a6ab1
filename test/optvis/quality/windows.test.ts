import { expect, test } from "vitest";

import { partOf, windowsOf } from "../../../lib/optvis/quality/windows.ts";

const SEEN = { width: 20, height: 10 };

test.each([
  ["of one shape", { width: 60, height: 30 }, SEEN, [[0, 0]]],
  ["of nearly one", { width: 78, height: 30 }, SEEN, [[0, 0]]],
  [
    "three times as wide",
    { width: 180, height: 30 },
    { width: 60, height: 10 },
    [
      [0, 0],
      [20, 0],
      [40, 0],
    ],
  ],
  [
    "one and a half times as tall, where windows overlap",
    { width: 4, height: 3 },
    { width: 20, height: 15 },
    [
      [0, 0],
      [0, 5],
    ],
  ],
  [
    "too long for a window every 20 pixels",
    { width: 4_000, height: 10 },
    { width: 160, height: 10 },
    [0, 20, 40, 60, 80, 100, 120, 140].map((x) => [x, 0]),
  ],
])("a picture %s", (_, picture, resizedTo, places) => {
  expect(windowsOf(picture, SEEN)).toEqual({
    resizedTo,
    windows: places.map(([x, y]) => ({ x, y, ...SEEN })),
  });
});

test("a part has its pixels of every plane", () => {
  const image = { width: 3, height: 2, data: Float32Array.from({ length: 12 }, (_, i) => i) };
  const part = partOf(image, { x: 1, y: 1, width: 2, height: 1 });
  expect(part).toEqual({ width: 2, height: 1, data: Float32Array.of(4, 5, 10, 11) });
});
