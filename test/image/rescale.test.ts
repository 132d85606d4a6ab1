import { expect, test } from "vitest";

import { toPlanes } from "../../lib/image/raster.ts";
import { rescaleLinear } from "../../lib/image/rescale.ts";

test("the least value of all colours becomes 0 and the greatest 255, planes interleaved", () => {
  const data = Float32Array.of(-1, 0, /* green */ 1, 3, /* blue */ 2, 1);
  const raster = rescaleLinear({ width: 2, height: 1, data });
  // (v + 1) / 4 * 255 of (-1, 1, 2) and (0, 3, 1)
  expect([...raster.data]).toEqual([0, 128, 191, 64, 255, 128]);
});

test("a constant image becomes mid grey", () => {
  const raster = rescaleLinear({ width: 3, height: 1, data: new Float32Array(9).fill(-7) });
  expect([...raster.data]).toEqual(Array.from({ length: 9 }, () => 128));
});

test.each([Number.NaN, Infinity])("%s is refused, never drawn", (value) => {
  const data = Float32Array.of(0, 1, 2, 3, value, 5);
  expect(() => rescaleLinear({ width: 1, height: 2, data })).toThrow(`value 4 of a 1x2 image is`);
});

test("planes and interleaved pixels hold the same picture", () => {
  const data = Uint8Array.of(0, 51, 255, /* next pixel */ 102, 5, 9);
  const planar = toPlanes({ width: 1, height: 2, data });
  expect([...planar.data]).toEqual([0, 102, 51, 5, 255, 9]);
  expect(rescaleLinear(planar).data).toEqual(data);
});
