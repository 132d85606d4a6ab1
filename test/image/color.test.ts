import { expect, test } from "vitest";

import { luma, parseColor, type Color } from "../../lib/image/color.ts";
import { ImageError } from "../../lib/image/errors.ts";

// names and values from CSS Color Module Level 4
test.each<[Color, readonly number[]]>([
  ["black", [0, 0, 0]],
  ["White", [255, 255, 255]],
  [" rebeccapurple ", [0x66, 0x33, 0x99]],
  ["green", [0, 128, 0]],
  ["g", [0, 255, 0]],
  ["#0f8", [0, 255, 136]],
  ["#01FEa0", [1, 254, 160]],
  [
    [0.78, 0.5, 0],
    [199, 128, 0],
  ],
])("%j is a colour", (color, rgb) => {
  expect(parseColor(color)).toEqual(rgb);
});

test.each<[Color]>([
  ["blak"],
  ["#12345"],
  ["toString"],
  [""],
  [[0, 0, 1.01]],
  [[0, -0.1, 0]],
  [[0, Number.NaN, 0]],
  [[0, 1] as unknown as Color],
  [[0, 1, 0, 1] as unknown as Color],
])("%j is none, and the message says what is one", (color) => {
  expect(() => parseColor(color)).toThrow(ImageError);
  expect(() => parseColor(color)).toThrow(/is not a colour; give a CSS name .*"#rrggbb"/);
});

test("green looks lighter than blue", () => {
  expect(luma([0, 255, 0])).toBeCloseTo(0.7152, 10);
  expect(luma([0, 0, 255])).toBeCloseTo(0.0722, 10);
  expect(luma([255, 255, 255])).toBeCloseTo(1, 10);
});
