import type { Raster } from "../../lib/image/raster.ts";
import { resizeBilinear } from "../../lib/image/resize.ts";

/** What is left of the photograph where nothing speaks: enough to see what it is. */
const DARKEST = 0.22;

/** The picture, bright where a map has its largest values, dark where it has none above zero. */
export function spotlight(
  { width, height, data }: Raster,
  map: Float64Array,
  [rows, columns]: readonly [rows: number, columns: number],
): Raster {
  const most = map.reduce((largest, value) => Math.max(largest, value), 0);
  const shares = Float32Array.from(map, (value) => (most > 0 ? Math.max(0, value) / most : 0));
  const light = resizeBilinear(shares, [1, rows, columns], { width, height });
  const lit = data.map((value, i) => {
    return Math.round(value * (DARKEST + (1 - DARKEST) * light[Math.floor(i / 3)]!));
  });
  return { width, height, data: lit };
}
