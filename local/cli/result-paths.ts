import { join } from "node:path";

import { SHEET_ENDINGS, SHEET_FORMATS, type SheetFormat } from "../../lib/image/formats.ts";

/** Where `dream` puts what it makes of a request. */
export interface ResultPaths {
  readonly sheet: string;
  readonly manifest: string;
  /** The folder of its images, each under its channel's number. */
  readonly tiles: string;
}

/** @param format of the sheet */
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

/** The format of a sheet, by the ending that `resultPaths` gives its name. */
export function formatOfSheet(path: string): SheetFormat {
  const format = SHEET_FORMATS.find((each) => path.endsWith(SHEET_ENDINGS[each]));
  if (format === undefined) throw new Error(`internal: '${path}' is no sheet's name`);
  return format;
}
