import { LUMINANCE, type PlaneKind, planesIn } from "../../image/picture.ts";
import type { Raster, Rectangle } from "../../image/raster.ts";
import { powerSpectrum } from "./power-spectrum.ts";
import { evenWindows } from "./windows.ts";

/** How a picture looks, whatever it is of. */
export interface Look {
  /** Standard deviation of its luminance, which goes from 0 (black) to 1 (white). */
  readonly luminanceDeviation: number;
  /** Share of its luminance's power, the mean left out, above `FINE` cycles a pixel. */
  readonly fineShare: number;
}

/** Cycles a pixel: photographs have little above it, noise nearly everything. */
const FINE = 0.25;

/**
 * The spectrum is that of the whole picture up to this size, px. Of a larger one it is that of
 * windows of this size, at most `WINDOWS` along each side, from edge to edge.
 */
const LARGEST_WINDOW = 512;
const WINDOWS = 3;

/**
 * Measures the picture that people see, byte by byte; where it shows planes side by side, all of
 * them together.
 */
export function look(picture: Raster, kind: PlaneKind = "colours", planes = 3): Look {
  let [fine, all, variance] = [0, 0, 0];
  const seen = luminancesOf(picture, kind, planes);
  for (const { luminance, ...size } of seen) {
    const largest = {
      width: Math.min(size.width, LARGEST_WINDOW),
      height: Math.min(size.height, LARGEST_WINDOW),
    };
    for (const window of evenWindows(size, largest, WINDOWS)) {
      const values = cut(luminance, size.width, window);
      centre(values);
      powerSpectrum(values, window, (frequency, power) => {
        all += power;
        if (frequency > FINE) fine += power;
      });
    }
    variance += varianceOf(luminance) / seen.length;
  }
  return { luminanceDeviation: Math.sqrt(variance), fineShare: all === 0 ? 0 : fine / all };
}

/** Of the picture, or of each plane where it shows several side by side. */
function luminancesOf(picture: Raster, kind: PlaneKind, count: number) {
  if (kind === "colours") {
    const { width, height } = picture;
    return [{ width, height, luminance: luminanceOf(picture) }];
  }
  const { width, height, data } = planesIn(picture, kind, count);
  return Array.from({ length: count }, (_, plane) => {
    const values = data.subarray(plane * width * height, (plane + 1) * width * height);
    return { width, height, luminance: Float64Array.from(values, (value) => value / 255) };
  });
}

function luminanceOf({ data, width, height }: Raster): Float64Array {
  const [red, green, blue] = LUMINANCE;
  const luminance = new Float64Array(width * height);
  for (let i = 0, at = 0; i < luminance.length; i++, at += 3) {
    luminance[i] = (red * data[at]! + green * data[at + 1]! + blue * data[at + 2]!) / 255;
  }
  return luminance;
}

/** Without a copy of the values: a poster's take 34 MB. */
function varianceOf(values: Float64Array): number {
  const [first, mean] = meanBesideFirst(values);
  let squares = 0;
  for (const value of values) squares += (value - first - mean) ** 2;
  return squares / values.length;
}

/** Takes off their mean, in place. */
function centre(values: Float64Array): void {
  const [first, mean] = meanBesideFirst(values);
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - first - mean;
}

/**
 * The first value, and the mean of what all are more than it. Less both, equal values are zeros
 * exactly: a flat picture has no power.
 */
function meanBesideFirst(values: Float64Array): readonly [first: number, mean: number] {
  const first = values[0]!;
  let sum = 0;
  for (const value of values) sum += value - first;
  return [first, sum / values.length];
}

function cut(values: Float64Array, stride: number, { x, y, width, height }: Rectangle) {
  const part = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * stride + x;
    part.set(values.subarray(from, from + width), row * width);
  }
  return part;
}
