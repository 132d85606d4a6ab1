import { encodePng } from "../../lib/image/png.ts";
import type { Raster, Size } from "../../lib/image/raster.ts";
import { composeSheet, type SheetTile } from "../../lib/image/sheet.ts";
import { writeWhole } from "./write-whole.ts";

export interface SheetForm {
  readonly columns: number;
  readonly tile: Size;
  readonly title: string;
}

/** Draws tiles, row by row, and writes the sheet. @param out path of a PNG */
export async function writeSheet(
  out: string,
  tiles: readonly SheetTile[],
  { columns, tile, title }: SheetForm,
): Promise<void> {
  const sheet = await composeSheet(tiles, {
    gridSize: [null, columns],
    thumbnailSize: [tile.height, tile.width],
    borderSize: 2,
    title,
  });
  await writeWhole([out, await encodePng(sheet)]);
}

export const imageTile = (image: Raster, label: string | null = null): SheetTile => ({
  kind: "image",
  image,
  label,
});
