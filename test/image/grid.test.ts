import { expect, test } from "vitest";

import { ImageError } from "../../lib/image/errors.ts";
import {
  borders,
  chooseGrid,
  chooseThumbnail,
  fitInside,
  type GridSize,
  type ThumbnailSize,
} from "../../lib/image/grid.ts";

const SQUARE = { width: 64, height: 64 };

// imtile: columns = ceil(sqrt(n * height / width)), rows = ceil(n / columns); MathWorks' own
// example of deepDreamImage shows 36 images as 6 x 6 and 6 images as 2 x 3
test.each([
  [1, 1, 1],
  [2, 1, 2],
  [3, 2, 2],
  [5, 2, 3],
  [6, 2, 3],
  [7, 3, 3],
  [27, 5, 6],
  [36, 6, 6],
  [37, 6, 7],
  [7056, 84, 84],
])("%i squares lie in %i rows of %i", (count, rows, columns) => {
  expect(chooseGrid(count, SQUARE, null)).toEqual({ rows, columns });
  expect(chooseGrid(count, SQUARE, [null, Number.NaN])).toEqual({ rows, columns });
});

test("wide thumbnails get fewer columns, tall ones more", () => {
  expect(chooseGrid(12, { width: 300, height: 100 }, null)).toEqual({ rows: 6, columns: 2 });
  expect(chooseGrid(12, { width: 100, height: 300 }, null)).toEqual({ rows: 2, columns: 6 });
});

test.each([1, 2])("%i tall thumbnails leave no column empty", (count) => {
  const tall = { width: 100, height: 900 };
  expect(chooseGrid(count, tall, null)).toEqual({ rows: 1, columns: count });
});

test.each<[GridSize, number, number]>([
  [[4, null], 4, 2],
  [[Number.NaN, 5], 2, 5],
  [[3, 3], 3, 3],
  [[7, 1], 7, 1],
  [[1, null], 1, 7],
  [[null, 9], 1, 9],
])("7 tiles with gridSize %j lie in %i rows of %i", (gridSize, rows, columns) => {
  expect(chooseGrid(7, SQUARE, gridSize)).toEqual({ rows, columns });
});

test.each([
  [24, "squares", 1, 1, 4, 6],
  [36, "squares", 1, 1, 6, 6],
  // of what would be longer than a screen, imtile's
  [7, "squares", 1, 1, 3, 3],
  [8, "squares", 1, 1, 3, 3],
  // where imtile's is full, that
  [2, "landscapes", 5, 4, 1, 2],
  [4, "portraits", 2, 3, 2, 2],
  [4, "portraits", 9, 16, 2, 2],
  // of two that are as long, the wide one
  [36, "portraits", 2, 3, 4, 9],
  [10, "landscapes", 3, 2, 5, 2],
])("%i %s of %i by %i in a full grid lie in %i rows of %i", (count, _, width, height, ...grid) => {
  const [rows, columns] = grid;
  expect(chooseGrid(count, { width, height }, "full")).toEqual({ rows, columns });
});

test("a grid with too few places is refused", () => {
  expect(() => chooseGrid(7, SQUARE, [2, 3])).toThrow(
    "gridSize [2, 3] has 6 places for 7 tiles; give [2, null] or [null, 3]",
  );
});

test.each<[ThumbnailSize | null, number, number]>([
  [null, 30, 50],
  [[null, null], 30, 50],
  [[64, 32], 64, 32],
  [[60, null], 60, 100],
  [[Number.NaN, 25], 15, 25],
  [[null, 1], 1, 1],
])("thumbnailSize %j of images 30 high and 50 wide is %i x %i", (size, height, width) => {
  expect(chooseThumbnail({ height: 30, width: 50 }, size)).toEqual({ height, width });
});

test.each([0, -3, 2.5, Infinity])("%d is no size", (value) => {
  expect(() => chooseGrid(4, SQUARE, [value, null])).toThrow(ImageError);
  expect(() => chooseThumbnail(SQUARE, [null, value])).toThrow("want a whole number above 0");
});

test("a border is one number or rows and columns", () => {
  expect(borders(3)).toEqual({ rows: 3, columns: 3 });
  expect(borders([2, 5])).toEqual({ rows: 2, columns: 5 });
  expect(() => borders([2, -1])).toThrow("borderSize has -1");
  expect(() => borders(1.5)).toThrow(ImageError);
});

test("an image fills its box as far as its aspect ratio lets it", () => {
  expect(fitInside({ width: 200, height: 100 }, { width: 64, height: 64 })).toEqual({
    width: 64,
    height: 32,
  });
  expect(fitInside({ width: 3, height: 5 }, { width: 50, height: 20 })).toEqual({
    width: 12,
    height: 20,
  });
  // 4.8 pixels
  expect(fitInside({ width: 3, height: 5 }, { width: 10, height: 8 })).toEqual({
    width: 5,
    height: 8,
  });
  expect(fitInside({ width: 1000, height: 1 }, { width: 10, height: 10 })).toEqual({
    width: 10,
    height: 1,
  });
});
