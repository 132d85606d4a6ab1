import { LUMINANCE } from "./picture.ts";
import type { Raster } from "./raster.ts";

const [RED, GREEN, BLUE] = LUMINANCE;

/**
 * How much of a picture is lost where its colours have half the resolution, as in 4:2:0: the root
 * mean square distance of red and blue less the luminance from their means of 2 x 2 pixels, in
 * levels of 0 to 255. The last row and column of an odd side are not looked at.
 */
export function colorDetail({ width, height, data }: Raster): number {
  const [rows, columns] = [Math.floor(height / 2), Math.floor(width / 2)];
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const first = 3 * (2 * row * width + 2 * column);
      let [red, blue, own] = [0, 0, 0];
      for (let pixel = 0; pixel < 4; pixel++) {
        const at = first + 3 * ((pixel >> 1) * width + (pixel & 1));
        const luminance = RED * data[at]! + GREEN * data[at + 1]! + BLUE * data[at + 2]!;
        const [redder, bluer] = [data[at]! - luminance, data[at + 2]! - luminance];
        red += redder;
        blue += bluer;
        own += redder ** 2 + bluer ** 2;
      }
      squares += own - (red ** 2 + blue ** 2) / 4;
    }
  }
  return rows * columns === 0 ? 0 : Math.sqrt(squares / (8 * rows * columns));
}
