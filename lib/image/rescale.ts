import { ImageError } from "./errors.ts";
import type { Planes } from "./raster.ts";

/** Of 0..255. */
export const MID_LEVEL = 128;

/** The byte that a value of an image is shown as; to be rounded, and cut to 0..255. */
export type ByteOf = (value: number) => number;

/**
 * deepDreamImage's `linear` output scaling: the image's own minimum and maximum over all its
 * planes become 0 and 255. A constant image becomes mid grey.
 *
 * @throws ImageError if a value is not finite
 */
export function linearScale(image: Planes): ByteOf {
  checkFinite(image);
  let min = Infinity;
  let max = -Infinity;
  for (const value of image.data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return scaleBetween(min, max);
}

/**
 * `clipped` output scaling: the 0.5 and 99.5 percentiles over all pixels and planes become 0 and
 * 255, what lies beyond is cut. A few outliers then do not leave the rest of the image grey.
 *
 * @throws ImageError if a value is not finite
 */
export function clippedScale(image: Planes): ByteOf {
  checkFinite(image);
  const sorted = image.data.toSorted();
  return scaleBetween(percentile(sorted, 0.5), percentile(sorted, 99.5));
}

/** With linear interpolation between neighbours, as NumPy's. */
export function percentile(sorted: Float32Array, percent: number): number {
  const place = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const least = sorted[below]!;
  const most = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return least + (most - least) * (place - below);
}

function checkFinite({ width, height, data }: Planes): void {
  const i = data.findIndex((value) => !Number.isFinite(value));
  if (i === -1) return;
  throw new ImageError(
    `value ${i} of a ${width}x${height} image is ${data[i]}, want finite values`,
  );
}

/** `low` becomes 0 and `high` 255; where they are one, that value becomes mid-grey. */
function scaleBetween(low: number, high: number): ByteOf {
  const perUnit = 255 / (high - low);
  return (value) =>
    value === low && high === low ? MID_LEVEL : Math.round((value - low) * perUnit);
}
