import { expect, test } from "vitest";

import { failedThumbnail } from "../../lib/image/placeholder.ts";

const [PAPER, CROSS, INK] = ["38,34,36", "200,48,48", "240,220,220"];

/** The colour "r,g,b" of each pixel by its distance from the middle, right and down. */
function drawn(width: number, height: number, channel = 7, scale = 1) {
  const { data } = failedThumbnail({ width, height }, channel, scale);
  const places = Array.from({ length: width * height }, (_, i) => ({
    right: (i % width) + 0.5 - width / 2,
    down: Math.floor(i / width) + 0.5 - height / 2,
    colour: data.subarray(3 * i, 3 * i + 3).join(),
  }));
  expect(data).toHaveLength(3 * places.length);
  const colours = new Map(places.map(({ right, down, colour }) => [`${right},${down}`, colour]));
  return { places, at: (right: number, down: number) => colours.get(`${right},${down}`) };
}

test.each([
  [100, 100, 1.8],
  [121, 100, 1.8],
  [100, 122, 1.8],
  [50, 60, 1], // no stroke is thinner
])(
  "the cross of %i x %i is as large as the shorter side, its quarters alike",
  (width, height, half) => {
    const { places, at } = drawn(width, height);
    // it ends at 14 % of the side from the edge
    const reach = 0.36 * Math.min(width, height);
    const crossed = places.filter(
      ({ right, down }) => Math.max(Math.abs(right), Math.abs(down)) > 6,
    );
    expect(crossed.length).toBeGreaterThan(places.length - 13 ** 2);
    const wrong = crossed.filter(({ right, down, colour }) => {
      const isLopsided = at(-right, down) !== colour || at(right, -down) !== colour;
      const aside = Math.abs(Math.abs(right) - Math.abs(down)) / Math.SQRT2;
      const out = Math.max(Math.abs(right), Math.abs(down));
      const isPaper = aside > half + 0.51 || out > reach + half + 0.51;
      const isCross = aside < half - 0.51 && out < reach;
      return isLopsided || (isPaper && colour !== PAPER) || (isCross && colour !== CROSS);
    });
    expect(wrong).toEqual([]);
    // a pixel that the stroke covers in part is in between
    const shades = new Set(crossed.map(({ colour }) => colour));
    expect(shades.size).toBeGreaterThan(3);
    for (const shade of shades) {
      const [red = 0, green = 0, blue = 0] = shade.split(",").map(Number);
      const covered = (red - 38) / (200 - 38);
      expect(Math.abs(green - (34 + (48 - 34) * covered))).toBeLessThan(0.6);
      expect(Math.abs(blue - (36 + (48 - 36) * covered))).toBeLessThan(0.6);
    }
  },
);

test.each([1, 2])("the number is in the middle, with room about it, at scale %i", (scale) => {
  const { places } = drawn(101, 99, 7, scale);
  const inked = places.filter(({ colour }) => colour === INK);
  // the glyph: eleven of five by seven
  expect(inked).toHaveLength(11 * scale ** 2);
  const extent = (of: readonly number[]) => [Math.min(...of), Math.max(...of)];
  const [left, right] = extent(inked.map((each) => each.right));
  const [top, bottom] = extent(inked.map((each) => each.down));
  expect([right! - left! + 1, bottom! - top! + 1]).toEqual([5 * scale, 7 * scale]);
  expect(Math.abs(left! + right!)).toBeLessThanOrEqual(1);
  expect(Math.abs(top! + bottom!)).toBeLessThanOrEqual(1);
  const plate = places.filter(
    (each) =>
      each.right >= left! - 2 * scale &&
      each.right <= right! + 2 * scale &&
      each.down >= top! - 2 * scale &&
      each.down <= bottom! + 2 * scale,
  );
  expect(plate).toHaveLength(9 * scale * 11 * scale);
  expect(plate.every(({ colour }) => colour === INK || colour === PAPER)).toBe(true);
});

test("a tile with no room for the number has the cross alone", () => {
  const isNumbered = (width: number, height: number) =>
    drawn(width, height).places.some(({ colour }) => colour === INK);
  expect([isNumbered(9, 11), isNumbered(8, 11), isNumbered(9, 10)]).toEqual([true, false, false]);
});
