import { ImageError } from "../../image/errors.ts";
import type { Size } from "../../image/raster.ts";
import { sheetLayout } from "../../image/sheet-layout.ts";
import { MAX_SHEET_PIXELS } from "../limits.ts";
import type { RenderRequest } from "./request.ts";

/** What keeps so many tiles of one size from being a sheet as it is asked for; none if it can. */
export function montageProblems(
  { montage }: Pick<RenderRequest, "montage">,
  count: number,
  tileSize: Size,
): string[] {
  const { labels } = montage;
  if (count === 0) return [];
  const problems: string[] = [];
  if (Array.isArray(labels) && labels.length > 0 && labels.length !== count) {
    problems.push(
      `montage.labels: given ${labels.length} labels; wanted ${count}, one per channel, or none`,
    );
  }
  try {
    const tiles = Array.from({ length: count }, () => null);
    const { width, height } = sheetLayout({ imageSize: tileSize, labels: tiles }, montage);
    if (width * height > MAX_SHEET_PIXELS) {
      problems.push(
        `montage.thumbnailSize: the sheet would have ${width}x${height} pixels; wanted at most ${MAX_SHEET_PIXELS} in all; give a smaller thumbnailSize`,
      );
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    problems.push(`montage: ${error.message}`);
  }
  return problems;
}
