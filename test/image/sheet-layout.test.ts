import { expect, test } from "vitest";

import { layoutRows, sheetLayout } from "../../lib/image/sheet-layout.ts";

/** Of `count` letters H, each of five columns, with one between them. */
const columnsOf = (count: number) => 6 * count - 1;

const layoutOf = (labels: readonly (string | null)[], width = 256) =>
  sheetLayout(
    { imageSize: { width, height: 100 }, labels },
    { gridSize: [2, null], borderSize: [2, 3] },
  );

test("a label is centred under its tile, in a strip that all rows have", () => {
  const layout = layoutOf(["", null, "HH", " 日本 "]);
  // three pixels of its scale above and below capitals of seven
  const rowHeight = 2 + 100 + 2 + 2 * (3 + 7 + 3);
  expect(layout).toMatchObject({ width: 2 * 262, height: 2 * rowHeight, rowHeight, labelScale: 2 });
  const y = rowHeight + 2 + 100 + 2 * 3;
  expect(layout.tiles.map(({ label }) => label)).toEqual([
    null,
    null,
    { text: "HH", x: 3 + (256 - 2 * columnsOf(2)) / 2, y, scale: 2 },
    // drawn by a font of the machine's, within the tile
    { text: "日本", x: 262 + 3 + 2, y, scale: 2, boxWidth: 256 - 2 * 2 },
  ]);
  expect(layoutOf([null, "", null, null]).rowHeight).toBe(104);
});

test.each([
  [30, 1],
  [190, 1],
  [194, 2],
  [318, 2],
  [322, 3],
])("labels of tiles %i pixels wide have the scale %i", (width, scale) => {
  const layoutOfHigh = (height: number) =>
    sheetLayout({ imageSize: { width, height }, labels: ["a"] });
  expect(layoutOfHigh(width).labelScale).toBe(scale);
  expect(layoutOfHigh(2 * width).labelScale).toBe(scale);
  // not larger than flat tiles
  expect(layoutOfHigh(10).labelScale).toBe(1);
});

test("a label that is too long for its tile is smaller, and one that is so still is cut", () => {
  const tile = { x: 3, y: 2, width: 256, height: 100 };
  // within a pixel of its scale on either side: 251 columns of 254, where 504 had 252
  const [fits, smaller] = [21, 42].map((count) => "H".repeat(count));
  const cut = "H".repeat(43);
  const labels = layoutOf([fits!, smaller!, cut, null]).tiles.map(({ label }) => label);
  expect(columnsOf(21) * 2).toBeLessThanOrEqual(tile.width - 4);
  const below = tile.y + tile.height + 2 * 3;
  expect(labels[0]).toMatchObject({ text: fits, y: below, scale: 2 });
  // on the middle of the same strip: half of the seven pixels less
  const x = 262 + 3 + Math.floor((256 - columnsOf(42)) / 2);
  expect(labels[1]).toEqual({ text: smaller, x, y: below + 3, scale: 1 });
  expect(labels[2]).toMatchObject({ scale: 1, text: expect.stringMatching(/^H{40,41}…$/) });
});

const titleOf = (title: string | null, width: number) => {
  const content = { imageSize: { width, height: 10 }, labels: [null] };
  const layout = sheetLayout(content, { title });
  expect(layout.height).toBe(layout.titleHeight + 10);
  expect(layout.tiles[0]?.y).toBe(layout.titleHeight);
  return layout;
};

test.each([
  [100, 1, 1],
  [600, 1, 3], // 2.5 of 240
  [590, 1, 2],
  [9_000, 1, 16],
  // five pixels of its scale are left on both sides: 3 * 227 + 2 * 15
  [711, 38, 3],
  [710, 38, 2],
  [480, 39, 1],
  // where no scale leaves them, one pixel is enough
  [columnsOf(38) + 2, 38, 1],
])("on a sheet %i pixels wide a title of %i letters has the scale %i", (width, letters, scale) => {
  const text = "H".repeat(letters);
  const x = Math.floor((width - scale * columnsOf(letters)) / 2);
  expect(titleOf(text, width)).toMatchObject({
    title: { text, x, y: 5 * scale, scale },
    titleHeight: scale * (5 + 7 + 5),
  });
});

test("a sheet is as wide as its title at least, with its tiles in the middle", () => {
  const text = "H".repeat(38);
  const layout = titleOf(text, 28);
  const width = columnsOf(38) + 2;
  expect(layout).toMatchObject({ width, columnWidth: 28, title: { text, x: 1, scale: 1 } });
  expect(layout.tiles[0]).toMatchObject({ x: Math.floor((width - 28) / 2), width: 28 });
  expect(titleOf(text, width).tiles[0]?.x).toBe(0);
  // letters that are drawn by a font of the machine's are wider
  expect(titleOf("日本".repeat(19), 28).width).toBeGreaterThan(38 * 9);
});

test("a title that would make it wider than 4,096 pixels is cut", () => {
  const text = "H".repeat(3_000);
  const { width, title } = titleOf(text, 28);
  expect(width).toBe(4_096);
  expect(title?.text).toMatch(/^H{600,}…$/);
  expect(title!.x).toBeGreaterThan(0);
});

test("a title of other letters has all of the width", () => {
  expect(titleOf(" 日本 ", 600).title).toEqual({
    text: "日本",
    x: 3,
    y: 15,
    scale: 3,
    boxWidth: 600 - 2 * 3,
  });
  for (const none of [" ", null]) {
    expect(titleOf(none, 600)).toMatchObject({ title: null, titleHeight: 0 });
    expect(titleOf(none, 1).width).toBe(1);
  }
});

test("the first rows have the title, and no part has rows that the sheet has not", () => {
  const layout = sheetLayout(
    { imageSize: { width: 20, height: 16 }, labels: ["a", null, "c"] },
    { gridSize: [3, 1], title: "t" },
  );
  const rest = layoutRows(layout, 1, 2);
  expect(rest).toMatchObject({ title: null, titleHeight: 0, height: 2 * layout.rowHeight });
  expect(rest.tiles.map(({ y, label }) => [y, label?.y ?? null])).toEqual([
    [0, null],
    [layout.rowHeight, layout.rowHeight + 16 + 3],
  ]);
  expect(layoutRows(layout, 0, 3)).toEqual(layout);
  for (const [first, count] of [
    [-1, 2],
    [0, 0],
    [1, 3],
  ] as const) {
    expect(() => layoutRows(layout, first, count)).toThrow(RangeError);
  }
});
