import { expect, test } from "vitest";

import { pictureOf } from "../../lib/image/picture.ts";
import { type Planes, toPlanes } from "../../lib/image/raster.ts";
import { clippedScale, linearScale } from "../../lib/image/rescale.ts";

const rescaleLinear = (image: Planes) => pictureOf(image, "colours", linearScale(image));
const rescaleClipped = (image: Planes) => pictureOf(image, "colours", clippedScale(image));

test("the least value of all colours becomes 0 and the greatest 255, planes interleaved", () => {
  const data = Float32Array.of(-1, 0, /* green */ 1, 3, /* blue */ 2, 1);
  const raster = rescaleLinear({ width: 2, height: 1, data });
  // (v + 1) / 4 * 255 of (-1, 1, 2) and (0, 3, 1)
  expect([...raster.data]).toEqual([0, 128, 191, 64, 255, 128]);
});

test("clipped: the 0.5 and 99.5 percentiles of all colours become 0 and 255, the rest is cut", () => {
  // the squares of 0 to 200 in another order, with outliers for the least and the greatest: of 201
  // values the percentiles are those at places 1 and 199
  const roots = Array.from({ length: 201 }, (_, i) => (i * 7) % 201);
  const outliers = new Map([
    [0, -1e6],
    [200, 1e6],
  ]);
  const data = Float32Array.from(roots, (root) => outliers.get(root) ?? root ** 2);
  const raster = rescaleClipped({ width: 67, height: 1, data });
  const shown = roots.map((root) => Math.round((255 * (root ** 2 - 1)) / (199 ** 2 - 1)));
  const cut = shown.map((value) => Math.min(255, Math.max(0, value)));
  const interleaved = cut.map((_, i) => cut[(i % 3) * 67 + Math.floor(i / 3)]);
  expect([...raster.data]).toEqual(interleaved);
});

test("clipped: a percentile lies between two values where there are few", () => {
  // at place 0.01 and 1.99 of 0, 1, 3: 0.01 and 2.98
  const raster = rescaleClipped({ width: 1, height: 1, data: Float32Array.of(3, 0, 1) });
  expect([...raster.data]).toEqual([255, 0, Math.round((255 * (1 - 0.01)) / (2.98 - 0.01))]);
});

const SCALINGS = [
  ["linear", rescaleLinear],
  ["clipped", rescaleClipped],
] as const;

test("of one value every percentile is that value", () => {
  const byteOf = clippedScale({ width: 1, height: 1, data: Float32Array.of(5) });
  expect(byteOf(5)).toBe(128);
});

test.each(SCALINGS)("%s: a constant image becomes mid grey", (_, rescale) => {
  const raster = rescale({ width: 3, height: 1, data: new Float32Array(9).fill(-7) });
  expect([...raster.data]).toEqual(Array.from({ length: 9 }, () => 128));
});

test("clipped: on one grey, the few other values become black and white", () => {
  const data = Float32Array.from({ length: 3000 }, (_, i) => (i === 0 ? 9 : i === 2999 ? -9 : 1));
  const raster = rescaleClipped({ width: 1000, height: 1, data });
  expect([raster.data[0], raster.data[1], raster.data[2999]]).toEqual([255, 128, 0]);
});

test.each(SCALINGS)("%s: a value that is not finite is refused, never drawn", (_, rescale) => {
  for (const value of [Number.NaN, Infinity]) {
    const data = Float32Array.of(0, 1, 2, 3, value, 5);
    expect(() => rescale({ width: 1, height: 2, data })).toThrow(`value 4 of a 1x2 image is`);
  }
});

test("planes and interleaved pixels hold the same picture", () => {
  const data = Uint8Array.of(0, 51, 255, /* next pixel */ 102, 5, 9);
  const planar = toPlanes({ width: 1, height: 2, data });
  expect([...planar.data]).toEqual([0, 102, 51, 5, 255, 9]);
  expect(rescaleLinear(planar).data).toEqual(data);
});
