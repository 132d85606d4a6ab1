import { ImageError } from "./errors.ts";
import { pictureOf, type PlaneKind } from "./picture.ts";
import type { Planes, Raster } from "./raster.ts";

/** Of 0..255. */
export const MID_GREY = 128;

/**
 * deepDreamImage's `linear` output scaling: the image's own minimum and maximum over all its
 * planes become 0 and 255. A constant image becomes mid grey.
 *
 * @throws ImageError if a value is not finite
 */
export function rescaleLinear(image: Planes, kind: PlaneKind = "colours"): Raster {
  checkFinite(image);
  let min = Infinity;
  let max = -Infinity;
  for (const value of image.data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return rescaleBetween(image, [min, max], kind);
}

/**
 * `clipped` output scaling: the 0.5 and 99.5 percentiles over all pixels and planes become 0 and
 * 255, what lies beyond is cut. A few outliers then do not leave the rest of the image grey.
 *
 * @throws ImageError if a value is not finite
 */
export function rescaleClipped(image: Planes, kind: PlaneKind = "colours"): Raster {
  checkFinite(image);
  const sorted = image.data.toSorted();
  return rescaleBetween(image, [percentile(sorted, 0.5), percentile(sorted, 99.5)], kind);
}

/** With linear interpolation between neighbours, as NumPy's. */
function percentile(sorted: Float32Array, percent: number): number {
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
function rescaleBetween(
  image: Planes,
  [low, high]: readonly [low: number, high: number],
  kind: PlaneKind,
): Raster {
  const perUnit = 255 / (high - low);
  return pictureOf(image, kind, (value) =>
    value === low && high === low ? MID_GREY : Math.round((value - low) * perUnit),
  );
}
