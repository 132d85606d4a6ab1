import { expect, test } from "vitest";

import { copyInto, filledRaster, fillRectangle } from "../../lib/image/raster.ts";

const BLACK = [0, 0, 0] as const;
const WHITE = [255, 255, 255] as const;

/** Which pixels of 4 x 3 are white, row by row. */
const whiteOf = ({ data }: { readonly data: Uint8Array }) =>
  [0, 1, 2].map((y) => [0, 1, 2, 3].map((x) => (data[3 * (4 * y + x)]! > 0 ? "#" : ".")).join(""));

test("a raster is copied to its place, and nowhere where a part of it has none", () => {
  const source = filledRaster({ width: 2, height: 1 }, WHITE);
  const target = filledRaster({ width: 4, height: 3 }, BLACK);
  copyInto(target, source, 1, 1);
  copyInto(target, source, 2, 2);
  expect(whiteOf(target)).toEqual(["....", ".##.", "..##"]);
  for (const [x, y] of [
    [-1, 0],
    [0, -1],
    [3, 0],
    [0, 3],
  ] as const) {
    expect(() => copyInto(target, source, x, y)).toThrow(
      `internal: 2x1 at (${x}, ${y}) leaves a raster of 4x3`,
    );
  }
});

test.each([
  [{ x: 1, y: 1, width: 2, height: 1 }, ["....", ".##.", "...."]],
  [{ x: -1, y: -2, width: 2, height: 4 }, ["#...", "#...", "...."]],
  [{ x: 3, y: 1, width: 9, height: 9 }, ["....", "...#", "...#"]],
  [{ x: 4, y: 0, width: 1, height: 1 }, ["....", "....", "...."]],
])("a rectangle is filled as far as it lies on the raster: %j", (area, wanted) => {
  const target = filledRaster({ width: 4, height: 3 }, BLACK);
  fillRectangle(target, area, WHITE);
  expect(whiteOf(target)).toEqual(wanted);
});
