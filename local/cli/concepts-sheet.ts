import { basename, parse } from "node:path";

import { encodePng } from "../../lib/image/png.ts";
import type { Size } from "../../lib/image/raster.ts";
import { composeSheet, type SheetTile } from "../../lib/image/sheet.ts";
import { conceptLabel, type ConceptsFindings } from "./concepts-report.ts";
import { smallPictures } from "./photographs.ts";
import { pictureTile, sheetPictures } from "./sheet-pictures.ts";
import { spotlight } from "./spotlight.ts";
import { writeWhole } from "./write-whole.ts";

const TILE: Size = { width: 192, height: 192 };

/**
 * Writes a sheet with a column for each concept: its picture, and below it the photographs that have
 * most of it, with the places lit that have it.
 *
 * @param out path of a PNG
 * @param manifest of the sheet that has the concepts' pictures
 */
export async function writeConceptsSheet(
  out: string,
  { given, layer, of, concepts, mapSize, photos }: ConceptsFindings,
  manifest: string,
): Promise<void> {
  const photo = smallPictures(TILE);
  const { pictures } = await sheetPictures(manifest);
  const tiles: SheetTile[] = concepts.map((concept, i) =>
    pictureTile(pictures, i + 1, conceptLabel(concept)),
  );
  const rows = concepts[0]?.strongest.length ?? 0;
  for (let row = 0; row < rows; row++) {
    for (const { strongest } of concepts) {
      const { path, places } = strongest[row]!;
      const seen = await photo(path);
      const image = mapSize === null ? seen : spotlight(seen, places, mapSize);
      // of a single photograph the sheet's title says it
      tiles.push({ kind: "image", image, label: photos > 1 ? parse(path).name : null });
    }
  }
  const sheet = await composeSheet(tiles, {
    gridSize: [null, concepts.length],
    thumbnailSize: [TILE.height, TILE.width],
    borderSize: 2,
    title: `${basename(given)}: concepts of ${layer.name}${of === null ? "" : `, and what they say for ${of.label}`}`,
  });
  await writeWhole(new Map([[out, await encodePng(sheet)]]));
}
