import { parse } from "node:path";

import type { Size } from "../../lib/image/raster.ts";
import type { SheetTile } from "../../lib/image/sheet.ts";
import type { ChannelComparison, ShownPicture } from "./judge-report.ts";
import { smallPictures } from "./small-pictures.ts";
import { imageTile, writeSheet } from "./write-sheet.ts";

const TILE: Size = { width: 192, height: 192 };

/**
 * Writes a sheet of pictures, each followed by the photographs that excite its channel most.
 *
 * @param out path of a PNG
 * @param compared of each of the pictures
 */
export async function writePhotoSheet(
  out: string,
  pictures: readonly ShownPicture[],
  compared: readonly ChannelComparison[],
  layer: string,
): Promise<void> {
  const small = smallPictures(TILE);
  const tileOf = async (path: string, label: string) => imageTile(await small(path), label);
  const tiles: SheetTile[] = [];
  for (const [i, { channel, label, topPhotos }] of compared.entries()) {
    tiles.push(await tileOf(pictures[i]!.path, label ?? `#${channel}`));
    for (const { path } of topPhotos) tiles.push(await tileOf(path, parse(path).name));
  }
  const together = tiles.length / compared.length;
  // a sheet near square, of whole groups
  const across = Math.max(1, Math.round(Math.sqrt(compared.length / together)));
  await writeSheet(out, tiles, {
    columns: across * together,
    tile: TILE,
    title: `${layer}: pictures, each before the photographs that excite its channel most`,
  });
}
