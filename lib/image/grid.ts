import { ImageError } from "./errors.ts";
import type { Size } from "./raster.ts";

/** Rows and columns; `null` (MATLAB: NaN) for the one to be computed. */
export type GridSize = readonly [rows: number | null, columns: number | null];

/** `null`: imtile's; "full": another where that has empty places, and no longer than a screen. */
export type GridChoice = GridSize | "full" | null;

/** Height and width in pixels; `null` (MATLAB: NaN) for the one that keeps the aspect ratio. */
export type ThumbnailSize = readonly [height: number | null, width: number | null];

/** Rows and columns of padding around each thumbnail in pixels; one number for both. */
export type BorderSize = number | readonly [rows: number, columns: number];

/** A number for the rows and one for the columns. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Of a screen: what is longer is not looked at as one picture. */
const MAX_ASPECT = 16 / 9;

/**
 * The grid that imtile chooses: the sheet, not the grid, comes out near square, so wide thumbnails
 * get fewer columns. 36 squares give 6 x 6, 6 give 2 x 3.
 *
 * @throws ImageError if the grid asked for has fewer places than there are tiles
 */
export function chooseGrid(count: number, thumbnail: Size, gridSize: GridChoice): Grid {
  if (gridSize === "full") {
    const usual = chooseGrid(count, thumbnail, null);
    const isFull = usual.rows * usual.columns === count;
    return isFull ? usual : (fullGrid(count, thumbnail) ?? usual);
  }
  const rows = wholeOrNull(gridSize?.[0] ?? null, "gridSize rows");
  const columns = wholeOrNull(gridSize?.[1] ?? null, "gridSize columns");
  if (rows !== null && columns !== null) {
    if (rows * columns >= count) return { rows, columns };
    throw new ImageError(
      `gridSize [${rows}, ${columns}] has ${rows * columns} places for ${count} tiles; ` +
        `give [${rows}, null] or [null, ${columns}] to have the other number computed`,
    );
  }
  if (rows !== null) return { rows, columns: Math.ceil(count / rows) };
  // imtile leaves columns empty where a few tiles are tall
  const nearSquare = Math.ceil(Math.sqrt((count * thumbnail.height) / thumbnail.width));
  const across = columns ?? Math.min(nearSquare, count);
  return { rows: Math.ceil(count / across), columns: across };
}

/** Of the grids without an empty place the nearest to square, or the wider of two. */
function fullGrid(count: number, { width, height }: Size): Grid | null {
  let [nearest, least]: [Grid | null, number] = [null, MAX_ASPECT];
  for (let columns = 1; columns <= count; columns++) {
    if (count % columns !== 0) continue;
    const rows = count / columns;
    const sides = [columns * width, rows * height];
    const aspect = Math.max(...sides) / Math.min(...sides);
    if (aspect <= least) [nearest, least] = [{ rows, columns }, aspect];
  }
  return nearest;
}

/** The size of every thumbnail; what is left open follows the first image, as in imtile. */
export function chooseThumbnail(first: Size, thumbnailSize: ThumbnailSize | null): Size {
  const height = wholeOrNull(thumbnailSize?.[0] ?? null, "thumbnailSize height");
  const width = wholeOrNull(thumbnailSize?.[1] ?? null, "thumbnailSize width");
  if (height !== null && width !== null) return { width, height };
  if (height !== null) return { width: atLeastOne((height * first.width) / first.height), height };
  if (width !== null) return { width, height: atLeastOne((width * first.height) / first.width) };
  return { width: first.width, height: first.height };
}

/** Pixels of padding above and below, and left and right, of each thumbnail. */
export function borders(borderSize: BorderSize): Grid {
  const [rows, columns] = typeof borderSize === "number" ? [borderSize, borderSize] : borderSize;
  for (const border of [rows, columns]) {
    if (!Number.isSafeInteger(border) || border < 0) {
      throw new ImageError(`borderSize has ${border}, want whole pixels, 0 or more`);
    }
  }
  return { rows, columns };
}

/** The largest size of the same aspect ratio inside `box`, at least a pixel each way. */
export function fitInside(image: Size, box: Size): Size {
  const scale = Math.min(box.width / image.width, box.height / image.height);
  return { width: atLeastOne(image.width * scale), height: atLeastOne(image.height * scale) };
}

function atLeastOne(pixels: number): number {
  return Math.max(Math.round(pixels), 1);
}

function wholeOrNull(value: number | null, name: string): number | null {
  if (value === null || Number.isNaN(value)) return null;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ImageError(`${name} is ${value}, want a whole number above 0, or null to compute it`);
}
