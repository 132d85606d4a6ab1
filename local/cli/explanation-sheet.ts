import { basename } from "node:path";

import { resizeRaster } from "../../lib/image/png.ts";
import type { Raster, Size } from "../../lib/image/raster.ts";
import type { SheetTile } from "../../lib/image/sheet.ts";
import type { PixelAttribution } from "../../lib/optvis/quality/pixel-attribution.ts";
import { drawPixelMap, pixelMap } from "../../lib/pipeline/explain/pixel-map.ts";
import { mutePlaces } from "../../lib/pipeline/explain/token-grid.ts";
import { inWords, type ShownExplanation } from "./explanation-report.ts";
import { signed } from "./report.ts";
import { pictureTile, sheetPictures } from "./sheet-pictures.ts";
import { readSmall } from "./small-pictures.ts";
import { spotlight } from "./spotlight.ts";
import { imageTile, writeSheet } from "./write-sheet.ts";

const TILE: Size = { width: 224, height: 224 };

/**
 * Writes the photograph and the channels' pictures in one row, and below each the photograph with
 * the places lit that speak for the class: of all channels, and of that one. Where pixels were asked
 * for, their map stands behind the photograph.
 *
 * @param out path of a PNG
 * @param manifest of the sheet that has the channels' pictures
 */
export async function writeExplanationSheet(
  out: string,
  { photo, layer, of, attribution, top, pixels }: ShownExplanation,
  manifest: string,
): Promise<void> {
  const seen = await readSmall(photo, TILE);
  const { pictures } = await sheetPictures(manifest);
  const drawn = top.map(({ channel, contribution }) =>
    pictureTile(pictures, channel, `#${channel}  ${signed(contribution)}`),
  );
  const { mapSize, places } = attribution;
  const ofAll = mutePlaces(attribution) === null ? places : new Float64Array(places.length);
  const lit = (each: Float64Array): SheetTile[] =>
    mapSize === null ? [] : [imageTile(spotlight(seen, each, mapSize))];
  const ofPixels = pixels === null ? null : await pixelTiles(pixels, seen);
  const tiles: readonly SheetTile[] = [
    imageTile(seen, inWords(of)),
    ...(ofPixels === null ? [] : [imageTile(ofPixels.map, "pixels, for and against")]),
    ...drawn,
    ...lit(ofAll),
    ...(ofPixels === null || mapSize === null ? [] : [imageTile(ofPixels.lit)]),
    ...top.flatMap((channel) => lit(channel.places)),
  ];
  await writeSheet(out, tiles, {
    columns: (pixels === null ? 1 : 2) + top.length,
    tile: TILE,
    title: `${basename(photo)}: what speaks for ${of.label}, by ${layer.name}`,
  });
}

/** The map, and the photograph lit where pixels speak for the class. */
async function pixelTiles(pixels: PixelAttribution, seen: Raster) {
  const [, height, width] = pixels.shape;
  const map = pixelMap(pixels);
  return {
    map: await resizeRaster(drawPixelMap(map, [height, width]), seen),
    lit: spotlight(seen, map, [height, width]),
  };
}
