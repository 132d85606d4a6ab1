import { basename } from "node:path";

import { fitInside } from "../../lib/image/grid.ts";
import { encodePng, resizeRaster } from "../../lib/image/png.ts";
import type { Raster, Size } from "../../lib/image/raster.ts";
import { resizeBilinear } from "../../lib/image/resize.ts";
import { composeSheet, type SheetTile } from "../../lib/image/sheet.ts";
import { mutePlaces } from "../../lib/pipeline/explain/token-grid.ts";
import { inWords, type ShownExplanation, signed } from "./explanation-report.ts";
import { readPicture } from "./photographs.ts";
import { sheetPictures } from "./sheet-pictures.ts";
import { writeWhole } from "./write-whole.ts";

const TILE: Size = { width: 224, height: 224 };
/** What is left of the photograph where nothing speaks: enough to see what it is. */
const DARKEST = 0.22;

/**
 * Writes the photograph and the channels' pictures in one row, and below each the photograph with
 * the places lit that speak for the class: of all channels, and of that one.
 *
 * @param out path of a PNG
 * @param manifest of the sheet that has the channels' pictures
 */
export async function writeExplanationSheet(
  out: string,
  { photo, layer, of, attribution, top }: ShownExplanation,
  manifest: string,
): Promise<void> {
  const whole = await readPicture(photo);
  const seen = await resizeRaster(whole, fitInside(whole, TILE));
  const { pictures } = await sheetPictures(manifest);
  const drawn = top.map(({ channel, contribution }): SheetTile => {
    const label = `#${channel}  ${signed(contribution)}`;
    const path = pictures.find((picture) => picture.channel === channel)?.path ?? null;
    if (path === null) return { kind: "failed", channel, label };
    return { kind: "image", image: () => readPicture(path), label };
  });
  const { mapSize, places } = attribution;
  const ofAll = mutePlaces(attribution) === null ? places : new Float64Array(places.length);
  const lit =
    mapSize === null
      ? []
      : [ofAll, ...top.map((channel) => channel.places)].map((each) =>
          spotlight(seen, each, mapSize),
        );
  const tiles: readonly SheetTile[] = [
    { kind: "image", image: seen, label: inWords(of) },
    ...drawn,
    ...lit.map((image): SheetTile => ({ kind: "image", image, label: null })),
  ];
  const sheet = await composeSheet(tiles, {
    gridSize: [null, 1 + top.length],
    thumbnailSize: [TILE.height, TILE.width],
    borderSize: 2,
    title: `${basename(photo)}: what speaks for ${of.label}, by ${layer.name}`,
  });
  await writeWhole(new Map([[out, await encodePng(sheet)]]));
}

/** The picture, bright where a map has its largest values, dark where it has none above zero. */
function spotlight(
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
