import { ImageError } from "./errors.ts";
import { fitInside } from "./grid.ts";
import { failedThumbnail } from "./placeholder.ts";
import { resizeRaster } from "./png.ts";
import { checkBuffer, copyInto, filledRaster, type Raster, type Size } from "./raster.ts";
import {
  sheetLayout,
  type MontageOptions,
  type SheetLayout,
  type TilePlace,
} from "./sheet-layout.ts";
import { drawLine } from "./rendered-text.ts";

/** One place of a sheet. A function as `image` is called when the tile is drawn, and only then. */
export type SheetTile =
  | {
      readonly kind: "image";
      readonly image: Raster | (() => Promise<Raster>);
      readonly label: string | null;
    }
  | {
      readonly kind: "failed";
      /** 1-based, written on the placeholder. */
      readonly channel: number;
      readonly label: string | null;
    };

const TILES_IN_FLIGHT = 8; // loading and resizing overlap; memory stays at a few tiles
const SHEET_PIXEL_LIMIT = 2 ** 29; // 1.6 GB of pixels
const FAILED_TILE_SIZE: Size = { width: 128, height: 128 }; // where no image says how large tiles are

/** Lays out and draws a whole contact sheet. */
export async function composeSheet(
  tiles: readonly SheetTile[],
  options: MontageOptions = {},
): Promise<Raster> {
  const labels = tiles.map(({ label }) => label);
  return drawSheet(sheetLayout({ imageSize: await firstImageSize(tiles), labels }, options), tiles);
}

/**
 * Draws a sheet, or a part of one (`layoutRows`), by copying pixels.
 *
 * @param tiles Those of the whole sheet, whichever part `layout` is: places find theirs by index.
 */
export async function drawSheet(layout: SheetLayout, tiles: readonly SheetTile[]): Promise<Raster> {
  if (layout.width * layout.height > SHEET_PIXEL_LIMIT) {
    throw new ImageError(
      `a sheet of ${layout.width}x${layout.height} pixels is too large to draw at once; draw it in parts or use smaller thumbnails`,
    );
  }
  const sheet = filledRaster(layout, layout.background);
  if (layout.title !== null) await drawLine(sheet, layout.title, layout.ink);

  const places = oneByOne(layout.tiles);
  const drawTiles = async () => {
    for (const place of places) {
      const tile = tiles[place.index];
      if (tile === undefined) {
        throw new Error(`internal: the sheet has no tile ${place.index}, only ${tiles.length}`);
      }
      await drawTile(sheet, tile, place, layout);
    }
  };
  await Promise.all(Array.from({ length: TILES_IN_FLIGHT }, drawTiles));
  return sheet;
}

/** Shared by several loops, each item goes to one of them; a loop that throws ends them all. */
function* oneByOne<T>(items: readonly T[]): Generator<T> {
  yield* items;
}

async function drawTile(
  sheet: Raster,
  tile: SheetTile,
  place: TilePlace,
  layout: SheetLayout,
): Promise<void> {
  const thumbnail =
    tile.kind === "failed"
      ? failedThumbnail(place, tile.channel, layout.labelScale)
      : await thumbnailOf(await loadImage(tile.image), place);
  const x = place.x + Math.floor((place.width - thumbnail.width) / 2);
  const y = place.y + Math.floor((place.height - thumbnail.height) / 2);
  copyInto(sheet, thumbnail, x, y);
  if (place.label !== null) await drawLine(sheet, place.label, layout.ink);
}

async function thumbnailOf(image: Raster, box: Size): Promise<Raster> {
  checkBuffer(image);
  return resizeRaster(image, fitInside(image, box));
}

async function firstImageSize(tiles: readonly SheetTile[]): Promise<Size> {
  const first = tiles.find((tile) => tile.kind === "image");
  return first === undefined ? FAILED_TILE_SIZE : loadImage(first.image);
}

async function loadImage(image: Raster | (() => Promise<Raster>)): Promise<Raster> {
  return typeof image === "function" ? image() : image;
}
