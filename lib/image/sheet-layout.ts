import { parseColor, luma, type Color } from "./color.ts";
import { ImageError } from "./errors.ts";
import {
  borders,
  chooseGrid,
  chooseThumbnail,
  type BorderSize,
  type Grid,
  type GridChoice,
  type ThumbnailSize,
} from "./grid.ts";
import type { Rectangle, Rgb, Size } from "./raster.ts";
import { CAP_HEIGHT, fitText, isPrintable, textWidth, toPrintable, type TextLine } from "./text.ts";

/** imtile's options and a title. Left out or `null`: imtile's default. */
export interface MontageOptions {
  readonly gridSize?: GridChoice;
  readonly thumbnailSize?: ThumbnailSize | null;
  readonly borderSize?: BorderSize | null;
  readonly backgroundColor?: Color | null;
  /** One line above the tiles, centred. */
  readonly title?: string | null;
}

/** What the layout depends on, known before a single tile is there. */
export interface SheetContent {
  /** Of the first image: decides what `thumbnailSize` leaves open. */
  readonly imageSize: Size;
  /** One per tile, in the order of the tiles; `null` for a tile without one. */
  readonly labels: readonly (string | null)[];
}

/** Where one tile's thumbnail lies on the sheet, border and label not counted. */
export interface TilePlace extends Rectangle {
  /** 0-based, row by row. */
  readonly index: number;
  readonly row: number;
  readonly column: number;
  readonly label: TextLine | null;
}

export interface SheetLayout extends Size, Grid {
  readonly thumbnail: Size;
  readonly background: Rgb;
  /** Colour of title and labels: contrasts with the background. */
  readonly ink: Rgb;
  readonly title: TextLine | null;
  /** Side of a label's pixel; of one that is too long for it less. */
  readonly labelScale: number;
  /** Height of the title above the first row of tiles. */
  readonly titleHeight: number;
  /** Height of one row of tiles, borders and labels included. */
  readonly rowHeight: number;
  /** Width of one column of tiles, borders included. */
  readonly columnWidth: number;
  /** Left of the first column: more than 0 where the title is wider than all of them. */
  readonly left: number;
  readonly tiles: readonly TilePlace[];
}

const LIGHT_INK: Rgb = [236, 236, 236];
const DARK_INK: Rgb = [24, 24, 24];
const LABEL_PITCH = 128; // px of thumbnail width, or 64 of height, for each step of a label's scale
const TITLE_PITCH = 240; // px of sheet width for each step of the title's scale
const TITLE_SCALE_LIMIT = 16; // a title of 112 px capitals is legible on any sheet
const LABEL_GAP = 3; // glyph pixels above and below a label's capitals
const MAX_TITLE_PX = 4_096; // some 700 letters, as names of layers have no limit; the rest is cut
const WIDE = "__"; // as wide as a letter of a script that our glyphs have not, or wider
const TITLE_GAP = 5; // the same for the title: also leaves its descenders clear of the tiles

/**
 * Lays out a contact sheet as imtile does, tiles row by row, with a strip under each tile if any
 * tile has a label and a strip on top for the title. It is wider than its tiles where the title
 * does not fit otherwise: that says which layer they are of. Pure: no pixel is touched.
 *
 * @throws ImageError for options that contradict each other or the number of tiles
 */
export function sheetLayout(content: SheetContent, options: MontageOptions = {}): SheetLayout {
  const count = content.labels.length;
  if (count === 0) throw new ImageError("a sheet needs at least one tile, 0 given");
  const thumbnail = chooseThumbnail(content.imageSize, options.thumbnailSize ?? null);
  const { rows, columns } = chooseGrid(count, thumbnail, options.gridSize ?? null);
  const border = borders(options.borderSize ?? 0);
  const background = parseColor(options.backgroundColor ?? "black");

  const { width: tileWidth, height: tileHeight } = thumbnail;
  const labelScale = Math.max(Math.round(Math.min(tileWidth, 2 * tileHeight) / LABEL_PITCH), 1);
  const isLabelled = content.labels.some((label) => label !== null && label !== "");
  const labelHeight = isLabelled ? stripHeight(labelScale, LABEL_GAP) : 0;
  const columnWidth = thumbnail.width + 2 * border.columns;
  const rowHeight = thumbnail.height + 2 * border.rows + labelHeight;
  const tilesWidth = columns * columnWidth;
  const width = Math.max(tilesWidth, leastWidth(options.title ?? ""));
  const left = Math.floor((width - tilesWidth) / 2);
  const title = titleLine(options.title ?? "", width);
  const titleHeight = title === null ? 0 : stripHeight(title.scale, TITLE_GAP);

  const tiles = content.labels.map((label, index): TilePlace => {
    const row = Math.floor(index / columns);
    const column = index % columns;
    const place = {
      ...thumbnail,
      x: left + column * columnWidth + border.columns,
      y: titleHeight + row * rowHeight + border.rows,
    };
    return { ...place, index, row, column, label: labelLine(label ?? "", place, labelScale) };
  });
  return {
    width,
    height: titleHeight + rows * rowHeight,
    rows,
    columns,
    thumbnail,
    background,
    ink: luma(background) < 0.5 ? LIGHT_INK : DARK_INK,
    title,
    labelScale,
    titleHeight,
    rowHeight,
    columnWidth,
    left,
    tiles,
  };
}

/**
 * The part of a sheet with `count` rows of tiles from row `first` (0-based) on, as a sheet of its
 * own: stacked, the parts are the whole sheet, pixel for pixel. Tiles keep their `index` and `row`.
 */
export function layoutRows(layout: SheetLayout, first: number, count: number): SheetLayout {
  const end = first + count;
  if (!(first >= 0 && count > 0 && end <= layout.rows)) {
    throw new RangeError(`rows ${first} to ${end - 1} of a sheet of ${layout.rows} rows`);
  }
  const hasTitle = first === 0;
  const shift = hasTitle ? 0 : layout.titleHeight + first * layout.rowHeight;
  const titleHeight = hasTitle ? layout.titleHeight : 0;
  const tiles = layout.tiles
    .filter(({ row }) => row >= first && row < end)
    .map((tile): TilePlace => {
      const label = tile.label && { ...tile.label, y: tile.label.y - shift };
      return { ...tile, y: tile.y - shift, label };
    });
  return {
    ...layout,
    height: titleHeight + count * layout.rowHeight,
    rows: count,
    title: hasTitle ? layout.title : null,
    titleHeight,
    tiles,
  };
}

/** Of a sheet, so that its title is on it, px. */
function leastWidth(title: string): number {
  const text = toPrintable(title, () => WIDE);
  return text === "" ? 0 : Math.min(textWidth(text, 1) + 2, MAX_TITLE_PX);
}

function titleLine(title: string, sheetWidth: number): TextLine | null {
  const whole = toPrintable(title);
  if (whole === "") return null;
  const margin = TITLE_GAP;
  let scale = Math.min(Math.max(Math.round(sheetWidth / TITLE_PITCH), 1), TITLE_SCALE_LIMIT);
  while (scale > 1 && textWidth(whole, scale) > sheetWidth - 2 * margin * scale) scale--;
  const text = fitText(whole, sheetWidth - 2 * scale, scale);
  const y = TITLE_GAP * scale;
  if (!isPrintable(title)) {
    return { text: title.trim(), x: scale, y, scale, boxWidth: sheetWidth - 2 * scale };
  }
  return { text, x: Math.floor((sheetWidth - textWidth(text, scale)) / 2), y, scale };
}

/** @param most the scale, if the label fits its tile; a longer one is smaller before it is cut */
function labelLine(label: string, tile: Rectangle, most: number): TextLine | null {
  const whole = toPrintable(label);
  const top = tile.y + tile.height + LABEL_GAP * most;
  if (!isPrintable(label) && whole !== "") {
    const boxWidth = tile.width - 2 * most;
    return { text: label.trim(), x: tile.x + most, y: top, scale: most, boxWidth };
  }
  let scale = most;
  while (scale > 1 && textWidth(whole, scale) > tile.width - 2 * scale) scale--;
  const text = fitText(whole, tile.width - 2 * scale, scale);
  if (text === "") return null;
  const x = tile.x + Math.floor((tile.width - textWidth(text, scale)) / 2);
  return { text, x, y: top + Math.floor((CAP_HEIGHT * (most - scale)) / 2), scale };
}

/** Capitals with the same gap above and below; descenders reach into the lower gap. */
function stripHeight(scale: number, gap: number): number {
  return scale * (gap + CAP_HEIGHT + gap);
}
