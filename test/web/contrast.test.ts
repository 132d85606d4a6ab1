import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

const theme = readFileSync("web/styles/theme.css", "utf8");

/** The two colours that a name of the theme stands for: in the light, and in the dark. */
function coloursOf(name: string): readonly string[] {
  const [, light, dark] = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(
    theme,
  )!;
  return [light!, dark!];
}

/** Relative luminance of sRGB, as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter! + 0.05) / (darker! + 0.05);
}

/** The least contrast of two colours of the theme, of light and dark. */
const between = (name: string, ground: string) =>
  Math.min(...coloursOf(name).map((colour, i) => contrast(colour, coloursOf(ground)[i]!)));

// WCAG 2.2, 1.4.11: what shows where a field is stands out 3 to 1 from what is beside it
test.each(["ground", "raised", "sunken"])("a field's edge is seen on %s", (ground) => {
  expect(between("edge", ground)).toBeGreaterThanOrEqual(3);
});

test("a line between rows would be no edge of a field", () => {
  expect(between("line", "ground")).toBeLessThan(3);
  expect(contrast("#ffffff", "#000000")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
