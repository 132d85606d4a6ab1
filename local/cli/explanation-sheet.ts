import { basename } from "node:path";

import { encodePng } from "../../lib/image/png.ts";
import type { Size } from "../../lib/image/raster.ts";
import { composeSheet, type SheetTile } from "../../lib/image/sheet.ts";
import { mutePlaces } from "../../lib/pipeline/explain/token-grid.ts";
import { inWords, type ShownExplanation, signed } from "./explanation-report.ts";
import { readSmall } from "./photographs.ts";
import { pictureTile, sheetPictures } from "./sheet-pictures.ts";
import { spotlight } from "./spotlight.ts";
import { writeWhole } from "./write-whole.ts";

const TILE: Size = { width: 224, height: 224 };

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
  const seen = await readSmall(photo, TILE);
  const { pictures } = await sheetPictures(manifest);
  const drawn = top.map(({ channel, contribution }) =>
    pictureTile(pictures, channel, `#${channel}  ${signed(contribution)}`),
  );
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
