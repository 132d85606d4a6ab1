import { join } from "node:path";

import type { SheetFormat } from "../../lib/image/formats.ts";

/** How the names of sheets end. */
export const SHEET_ENDINGS: Readonly<Record<SheetFormat, string>> = {
  png: ".png",
  jpeg: ".jpg",
  webp: ".webp",
};

/** Where `dream` puts what it makes of a request. */
export interface ResultPaths {
  readonly sheet: string;
  readonly manifest: string;
  /** The folder of its images, each under its channel's number. */
  readonly tiles: string;
}

export function resultPaths(
  folder: string,
  name: string,
  format: SheetFormat = "png",
): ResultPaths {
  return {
    sheet: join(folder, `${name}${SHEET_ENDINGS[format]}`),
    manifest: join(folder, `${name}.manifest.json`),
    tiles: join(folder, `${name}.tiles`),
  };
}
