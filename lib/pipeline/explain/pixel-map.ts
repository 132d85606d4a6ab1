import { blurred } from "../../image/blur.ts";
import { divergingColour } from "../../image/diverging-colour.ts";
import type { Raster } from "../../image/raster.ts";
import type { PixelAttribution } from "../../optvis/quality/pixel-attribution.ts";

/** Of the blur, as a share of the map's shorter side: pixels alone are too fine to be seen. */
const BLUR = 1 / 112;
/** Beyond this share of all pixels, the strongest, colours grow no stronger. */
const CLIPPED = 0.995;

/** What each pixel contributes, all planes together, blurred, its strongest clipped: [H, W]. */
export function pixelMap({ shape: [planes, height, width], data }: PixelAttribution): Float64Array {
  const pixels = height * width;
  const sums = new Float64Array(pixels);
  for (let i = 0; i < planes * pixels; i++) sums[i % pixels]! += data[i]!;
  const map = blurred(sums, [height, width], BLUR * Math.min(height, width));
  const sizes = map.map(Math.abs).toSorted();
  const most = sizes[Math.floor(CLIPPED * (pixels - 1))]!;
  return map.map((value) => Math.min(Math.max(value, -most), most));
}

/** A map in red where pixels speak for the class, blue where they speak against it, else white. */
export function drawPixelMap(
  map: Float64Array,
  [height, width]: readonly [height: number, width: number],
): Raster {
  const most = map.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const data = new Uint8Array(3 * map.length);
  map.forEach((value, pixel) => data.set(divergingColour(value, most), 3 * pixel));
  return { width, height, data };
}
