import cssColors from "color-name";

import { ImageError } from "./errors.ts";
import type { Rgb } from "./raster.ts";

/** A CSS name, `#rgb`, `#rrggbb`, one of MATLAB's letters, or red, green and blue in 0..1. */
export type Color = string | readonly [red: number, green: number, blue: number];

/** The names of CSS Color Module Level 4, and MATLAB's one-letter colours, as imtile takes them. */
const NAMED: ReadonlyMap<string, Rgb> = new Map<string, Rgb>([
  ...Object.entries(cssColors),
  ["r", cssColors.red],
  ["g", cssColors.lime],
  ["b", cssColors.blue],
  ["c", cssColors.cyan],
  ["m", cssColors.magenta],
  ["y", cssColors.yellow],
  ["k", cssColors.black],
  ["w", cssColors.white],
]);

/** @throws ImageError naming the forms a colour may take */
export function parseColor(color: Color): Rgb {
  const rgb = typeof color === "string" ? fromText(color.trim().toLowerCase()) : fromUnit(color);
  if (rgb === null) {
    throw new ImageError(
      `'${String(color)}' is not a colour; give a CSS name ("white"), "#rrggbb", or [red, green, blue] in 0..1`,
    );
  }
  return rgb;
}

function fromText(text: string): Rgb | null {
  const named = NAMED.get(text);
  if (named !== undefined) return named;
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/.exec(text)?.[1];
  if (hex === undefined) return null;
  const digits = hex.length === 3 ? hex.replace(/./g, "$&$&") : hex;
  const value = Number.parseInt(digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function fromUnit(levels: readonly number[]): Rgb | null {
  if (levels.length !== 3 || !levels.every((level) => level >= 0 && level <= 1)) return null;
  const [red = 0, green = 0, blue = 0] = levels.map((level) => Math.round(level * 255));
  return [red, green, blue];
}

/** How light a colour looks, 0..1: Rec. 709 luma of the gamma-coded bytes. */
export function luma([red, green, blue]: Rgb): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
