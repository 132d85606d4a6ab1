import { basename, parse } from "node:path";

import type { Size } from "../../lib/image/raster.ts";
import type { SheetTile } from "../../lib/image/sheet.ts";
import { conceptLabel, type ConceptsFindings } from "./concepts-report.ts";
import { pictureTile, sheetPictures } from "./sheet-pictures.ts";
import { smallPictures } from "./small-pictures.ts";
import { spotlight } from "./spotlight.ts";
import { imageTile, writeSheet } from "./write-sheet.ts";

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
  { given, paths, layer, of, concepts, mapSize, photos }: ConceptsFindings,
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
      const { photograph, places } = strongest[row]!;
      const path = paths[photograph]!;
      const seen = await photo(path);
      const image = mapSize === null ? seen : spotlight(seen, places, mapSize);
      // of a single photograph the sheet's title says it
      tiles.push(imageTile(image, photos > 1 ? parse(path).name : null));
    }
  }
  await writeSheet(out, tiles, {
    columns: concepts.length,
    tile: TILE,
    title: `${basename(given)}: concepts of ${layer.name}${of === null ? "" : `, and what they say for ${of.label}`}`,
  });
}
