import { expect, test } from "vitest";

import { failedThumbnail } from "../../lib/image/placeholder.ts";
import type { Raster, Rgb } from "../../lib/image/raster.ts";
import { filledRaster } from "../../lib/image/raster.ts";
import { composeSheet, drawSheet, type SheetTile } from "../../lib/image/sheet.ts";
import { layoutRows, sheetLayout, type MontageOptions } from "../../lib/image/sheet-layout.ts";

const BACKGROUND: Rgb = [10, 20, 30];
const BACKGROUND_COLOR = "#0a141e";

/** Tile `i`, of a colour that tells it from the others. */
const colorOf = (i: number): Rgb => [100 + i, 2 * i, 255 - i];
const flatTile = (i: number, width: number, height: number): SheetTile => ({
  kind: "image",
  image: filledRaster({ width, height }, colorOf(i)),
  label: null,
});
const failed = (channel: number): SheetTile => ({ kind: "failed", channel, label: null });
const flatTiles = (count: number, width: number, height: number) =>
  Array.from({ length: count }, (_, i) => flatTile(i, width, height));

test("tiles lie row by row, each pixel where its tile, border or background is", async () => {
  const tiles = flatTiles(5, 7, 4);
  const options = {
    gridSize: [2, 3],
    borderSize: [2, 3],
    backgroundColor: BACKGROUND_COLOR,
  } as const;
  const sheet = await composeSheet(tiles, options);
  // padding goes around each thumbnail, so two of it lie between neighbours
  expect([sheet.width, sheet.height]).toEqual([3 * (7 + 6), 2 * (4 + 4)]);
  expectPixels(sheet, (x, y) => {
    const [column, inX] = [Math.floor(x / 13), (x % 13) - 3];
    const [row, inY] = [Math.floor(y / 8), (y % 8) - 2];
    const index = row * 3 + column;
    const isInside = inX >= 0 && inX < 7 && inY >= 0 && inY < 4 && index < 5;
    return isInside ? colorOf(index) : BACKGROUND;
  });
});

test("the pixel check notices a single wrong byte", async () => {
  const sheet = await composeSheet(flatTiles(1, 3, 2));
  sheet.data[7]! ^= 1;
  expect(() => expectPixels(sheet, () => colorOf(0))).toThrow("pixel (2, 0)");
});

test("thumbnails keep their aspect ratio, centred on the background", async () => {
  const tiles = [flatTile(0, 40, 40), flatTile(1, 80, 20), flatTile(2, 5, 15)];
  const options: MontageOptions = {
    gridSize: [1, 3],
    thumbnailSize: [20, 24],
    backgroundColor: BACKGROUND_COLOR,
  };
  const sheet = await composeSheet(tiles, options);
  const boxes = [
    { left: 2, top: 0, width: 20, height: 20 },
    { left: 24, top: 7, width: 24, height: 6 },
    { left: 48 + 8, top: 0, width: 7, height: 20 },
  ];
  expectPixels(sheet, (x, y) => {
    const index = boxes.findIndex(
      ({ left, top, width, height }) =>
        x >= left && x < left + width && y >= top && y < top + height,
    );
    return index < 0 ? BACKGROUND : colorOf(index);
  });
});

test("without a thumbnail size every tile is as large as the first image", () => {
  const layout = sheetLayout({ imageSize: { width: 30, height: 50 }, labels: [null, null] });
  expect([layout.width, layout.height]).toEqual([60, 50]);
});

test("title and labels add strips and move no pixel of the tiles", async () => {
  const tiles = flatTiles(4, 64, 64).map((tile, i) => ({ ...tile, label: `class ${i}` }));
  const options: MontageOptions = { backgroundColor: BACKGROUND_COLOR, title: "Layer a Features" };
  const layout = sheetLayout(
    { imageSize: { width: 64, height: 64 }, labels: tiles.map(({ label }) => label) },
    options,
  );
  const sheet = await composeSheet(tiles, options);
  expect([sheet.width, sheet.height]).toEqual([layout.width, layout.height]);
  expect(layout.title?.text).toBe("Layer a Features");
  expect(layout.tiles.map(({ label }) => label?.text)).toEqual(tiles.map(({ label }) => label));
  const inks = new Set<string>();
  expectPixels(sheet, (x, y, color) => {
    const place = layout.tiles.find(
      (tile) => x >= tile.x && x < tile.x + 64 && y >= tile.y && y < tile.y + 64,
    );
    if (place !== undefined) return colorOf(place.index);
    inks.add(color.join());
    return color;
  });
  expect([...inks].toSorted()).toEqual([BACKGROUND.join(), layout.ink.join()].toSorted());
});

test("text is dark on a light background and light on a dark one", () => {
  const content = { imageSize: { width: 64, height: 64 }, labels: ["a"] };
  const ink = (backgroundColor: string) => sheetLayout(content, { backgroundColor }).ink[0];
  expect(ink("white")).toBeLessThan(64);
  expect(ink("#808080")).toBeLessThan(64);
  expect(ink("#7f7f7f")).toBeGreaterThan(192);
  expect(ink("navy")).toBeGreaterThan(192);
});

test("labels too long for their place are shortened", () => {
  const layout = sheetLayout(
    { imageSize: { width: 64, height: 64 }, labels: ["cat with tears of joy", "cat", ""] },
    { gridSize: [1, 3] },
  );
  expect(layout.tiles[0]?.label?.text).toMatch(/^cat with .*…$/);
  expect(layout.tiles[1]?.label?.text).toBe("cat");
  expect(layout.tiles[2]?.label).toBeNull();
});

test("a failed tile is dark with a red cross and its number, whatever its size", async () => {
  const drawn = await composeSheet([failed(7)], { thumbnailSize: [64, 64] });
  const other = await composeSheet([failed(8)], { thumbnailSize: [64, 64] });
  const [red = 0, green = 0] = pixelAt(drawn, 18, 18);
  expect(red).toBeGreaterThan(150);
  expect(green).toBeLessThan(80);
  expect(Math.max(...pixelAt(drawn, 32, 5))).toBeLessThan(60);
  expect(pixelAt(drawn, 63 - 18, 18)).toEqual(pixelAt(drawn, 18, 18));
  expect(drawn.data).not.toEqual(other.data);
  // its number is as large as labels would be
  const large = { width: 256, height: 256 };
  expect(await composeSheet([failed(7)], { thumbnailSize: [256, 256] })).toEqual(
    failedThumbnail(large, 7, 2),
  );
  // where no image says how large tiles are
  expect(await composeSheet([failed(7)])).toMatchObject({ width: 128, height: 128 });
  // too small for a number: the cross alone
  const tiny = { thumbnailSize: [9, 9] } as const;
  expect(await composeSheet([failed(7)], tiny)).toEqual(await composeSheet([failed(8)], tiny));
});

test("parts of a sheet, stacked, are the sheet", async () => {
  const tiles = flatTiles(11, 20, 16).map((tile, i): SheetTile =>
    i === 4 ? { kind: "failed", channel: 5, label: "e" } : { ...tile, label: `${i}` },
  );
  const labels = tiles.map(({ label }) => label);
  const layout = sheetLayout(
    { imageSize: { width: 20, height: 16 }, labels },
    { gridSize: [4, 3], borderSize: 2, title: "t" },
  );
  const whole = await drawSheet(layout, tiles);
  const parts = await Promise.all(
    [layoutRows(layout, 0, 1), layoutRows(layout, 1, 2), layoutRows(layout, 3, 1)].map((part) =>
      drawSheet(part, tiles),
    ),
  );
  expect(Buffer.concat(parts.map(({ data }) => data))).toEqual(Buffer.from(whole.data));
  expect(parts.map(({ height }) => height).reduce((sum, height) => sum + height)).toBe(
    whole.height,
  );
  expect(() => layoutRows(layout, 3, 2)).toThrow("rows 3 to 4 of a sheet of 4 rows");
});

test("images are loaded when they are drawn, a few at a time", async () => {
  let inFlight = 0;
  let most = 0;
  const tiles = Array.from({ length: 40 }, (_, i): SheetTile => {
    const image = async () => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      return filledRaster({ width: 4, height: 4 }, colorOf(i));
    };
    return { kind: "image", image, label: null };
  });
  const sheet = await composeSheet(tiles, { gridSize: [5, 8] });
  expectPixels(sheet, (x, y) => colorOf(Math.floor(y / 4) * 8 + Math.floor(x / 4)));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

test("an image that cannot be loaded ends the composition, and no more are loaded", async () => {
  let loads = 0;
  const layout = sheetLayout({
    imageSize: { width: 4, height: 4 },
    labels: Array.from({ length: 100 }, () => null),
  });
  const image = async () => {
    loads++;
    await Promise.resolve();
    throw new Error("gone");
  };
  const tiles = Array.from({ length: 100 }, (): SheetTile => ({
    kind: "image",
    image,
    label: null,
  }));
  await expect(drawSheet(layout, tiles)).rejects.toThrow("gone");
  expect(loads).toBeLessThan(10);
});

test("no tiles, a wrong buffer and a sheet too large for memory are refused", async () => {
  await expect(composeSheet([])).rejects.toThrow("at least one tile");
  const short = { width: 4, height: 4, data: new Uint8Array(47) };
  await expect(composeSheet([{ kind: "image", image: short, label: null }])).rejects.toThrow(
    "has 47 values",
  );
  await expect(
    composeSheet(flatTiles(1, 2, 2), { thumbnailSize: [30_000, 30_000] }),
  ).rejects.toThrow("too large to draw at once");
});

function pixelAt({ width, data }: Raster, x: number, y: number): readonly number[] {
  const offset = (y * width + x) * 3;
  return [...data.subarray(offset, offset + 3)];
}

/** Compares every pixel; `wanted` also gets the colour found. */
function expectPixels(
  { width, data }: Raster,
  wanted: (x: number, y: number, found: Rgb) => Rgb,
): void {
  for (let i = 0; i < data.length; i += 3) {
    const [x, y] = [(i / 3) % width, Math.floor(i / 3 / width)];
    const found: Rgb = [data[i]!, data[i + 1]!, data[i + 2]!];
    const color = wanted(x, y, found);
    if (found.some((value, c) => value !== color[c])) {
      throw new Error(`pixel (${x}, ${y}) is ${found.join()}, want ${color.join()}`);
    }
  }
  expect(data.length).toBeGreaterThan(0);
}
