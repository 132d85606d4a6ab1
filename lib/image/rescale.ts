import { ImageError } from "./errors.ts";
import type { Planes, Raster } from "./raster.ts";

/** Of 0..255. */
export const MID_GREY = 128;

/**
 * deepDreamImage's `linear` output scaling: the image's own minimum and maximum over all three
 * colours become 0 and 255. A constant image becomes mid grey.
 *
 * @throws ImageError if a value is not finite
 */
export function rescaleLinear(image: Planes): Raster {
  const { width, height, data } = image;
  let min = Infinity;
  let max = -Infinity;
  for (const [i, value] of data.entries()) {
    if (!Number.isFinite(value)) {
      throw new ImageError(
        `value ${i} of a ${width}x${height} image is ${value}, want finite values`,
      );
    }
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const pixels = width * height;
  const bytes = new Uint8Array(3 * pixels);
  if (max === min) return { width, height, data: bytes.fill(MID_GREY) };
  const perUnit = 255 / (max - min);
  for (let plane = 0; plane < 3; plane++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      bytes[pixel * 3 + plane] = Math.round((data[plane * pixels + pixel]! - min) * perUnit);
    }
  }
  return { width, height, data: bytes };
}
