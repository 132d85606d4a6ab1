import { layoutRows, type SheetLayout, type TilePlace } from "../../image/sheet-layout.ts";

/**
 * Cuts a sheet into pages of at most `maxSide` pixels a side, row of pages by row of pages, never
 * through a tile. A single tile larger than that is a page of its own.
 */
export function pageLayouts(layout: SheetLayout, maxSide: number): SheetLayout[] {
  const { columnWidth } = layout;
  const rowsPerPage = Math.max(1, Math.floor((maxSide - layout.titleHeight) / layout.rowHeight));
  const columnsPerPage = Math.max(1, Math.floor(maxSide / columnWidth));
  const pages: SheetLayout[] = [];
  for (let row = 0; row < layout.rows; row += rowsPerPage) {
    const band = layoutRows(layout, row, Math.min(rowsPerPage, layout.rows - row));
    for (let column = 0; column < layout.columns; column += columnsPerPage) {
      const count = Math.min(columnsPerPage, layout.columns - column);
      pages.push(layoutColumns(band, column, count));
    }
  }
  return pages.filter(({ tiles }) => tiles.length > 0);
}

/** The `count` columns of tiles from column `first` (0-based) on, as a sheet of its own. */
function layoutColumns(layout: SheetLayout, first: number, count: number): SheetLayout {
  if (count === layout.columns) return layout;
  const { columnWidth } = layout;
  const shift = layout.left + first * columnWidth;
  const tiles = layout.tiles
    .filter(({ column }) => column >= first && column < first + count)
    .map((tile): TilePlace => {
      const label = tile.label && { ...tile.label, x: tile.label.x - shift };
      return { ...tile, x: tile.x - shift, label };
    });
  // the title is centred on the whole sheet: no page of several side by side can hold it
  return { ...layout, width: count * columnWidth, columns: count, left: 0, title: null, tiles };
}
