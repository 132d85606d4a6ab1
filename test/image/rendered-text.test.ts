import { describe, expect, test } from "vitest";

import { filledRaster } from "../../lib/image/raster.ts";
import { drawLine, missingGlyphs } from "../../lib/image/rendered-text.ts";
import { sheetLayout } from "../../lib/image/sheet-layout.ts";
import { drawText } from "../../lib/image/text.ts";

/** Of private use: no font of a fresh machine has one, whatever scripts it knows. */
const UNKNOWN = "\u{e0f1}";
const SIZE = { width: 120, height: 40 };
const INK = [250, 200, 150] as const;

async function drawn(text: string, boxWidth?: number) {
  const raster = filledRaster(SIZE, [10, 10, 10]);
  const line = { text, x: 20, y: 8, scale: 2, ...(boxWidth !== undefined && { boxWidth }) };
  await drawLine(raster, line, INK);
  const places = Array.from({ length: SIZE.width * SIZE.height }, (_, i) => i).filter(
    (i) => raster.data[3 * i]! > 40,
  );
  const rows = new Set(places.map((i) => Math.floor(i / SIZE.width)));
  return { raster, columns: places.map((i) => i % SIZE.width), height: rows.size, places };
}

const LINE = { x: 0, y: 0, scale: 1, boxWidth: 100 };
const hasFonts = (await missingGlyphs({ ...LINE, text: "П" })) === "";

test("what our glyphs have is drawn with them, pixel for pixel", async () => {
  const { raster } = await drawn("conv2-3x3");
  const wanted = filledRaster(SIZE, [10, 10, 10]);
  drawText(wanted, { text: "conv2-3x3", x: 20, y: 8, scale: 2 }, INK);
  expect(raster.data).toEqual(wanted.data);
});

describe("other text", () => {
  test.each(["Слой 3", "層", UNKNOWN, "<b>&日</b> <span", "🐌 snail"])(
    "%s has ink in its box, and none beside it",
    async (text) => {
      const { raster, columns, places } = await drawn(text, 60);
      expect(places.length).toBeGreaterThan(20);
      expect(Math.min(...columns)).toBeGreaterThanOrEqual(20);
      expect(Math.max(...columns)).toBeLessThan(80);
      // no pixel is lighter than the ink, or darker than what it lies on
      expect(raster.data.every((value, i) => value >= 10 && value <= INK[i % 3]!)).toBe(true);
      // in its middle, but for what a letter leaves free on either side
      const [before, behind] = [Math.min(...columns) - 20, 79 - Math.max(...columns)];
      expect(Math.abs(before - behind)).toBeLessThanOrEqual(3);
    },
  );

  test.each(["\u0000\u0001", "\u200b", "\u202e", "\ud83d", "\u0085 \n"])(
    "%j has no ink, and spoils nothing",
    async (text) => {
      expect(await missingGlyphs({ text, x: 0, y: 0, scale: 1, boxWidth: 60 })).toBe("");
      expect((await drawn(text, 60)).places).toEqual([]);
    },
  );

  test("control characters within it take nothing away", async () => {
    const { raster } = await drawn("Слой 3", 60);
    for (const text of ["Сл\u0000ой\n\t3", "\u0001Слой 3\ud83d"]) {
      expect((await drawn(text, 60)).raster.data).toEqual(raster.data);
    }
  });

  test("a long line is cut to fit, and stays as large as our glyphs at scale 1", async () => {
    const { columns, height } = await drawn("Слои ".repeat(30), 60);
    expect(Math.max(...columns)).toBeLessThan(80);
    expect(height).toBeGreaterThanOrEqual(7);
  });

  test("what leaves the raster is cut off", async () => {
    const inked = async (x: number, y: number) => {
      const raster = filledRaster(SIZE, [10, 10, 10]);
      await drawLine(raster, { text: "層 층", x, y, scale: 3, boxWidth: 60 }, INK);
      const inks = [...raster.data.keys()].filter((at) => at % 3 === 0 && raster.data[at]! > 40);
      const places = inks.map((at) => [(at / 3) % SIZE.width, Math.floor(at / 3 / SIZE.width)]);
      return { columns: places.map(([column]) => column!), rows: places.map(([, row]) => row!) };
    };
    const whole = await inked(30, 8);
    const [left, right] = [await inked(-30, 8), await inked(90, 8)];
    const shifted = (by: number) => whole.columns.map((column) => column + by);
    expect(left.columns).toEqual(shifted(-60).filter((column) => column >= 0));
    expect(right.columns).toEqual(shifted(60).filter((column) => column < SIZE.width));
    const [above, below] = [await inked(30, -8), await inked(30, 28)];
    expect(above.rows).toEqual(whole.rows.map((row) => row - 16).filter((row) => row >= 0));
    expect(below.rows).toEqual(whole.rows.map((row) => row + 20).filter((row) => row < 40));
    for (const { rows } of [left, right, above, below]) expect(rows.length).toBeGreaterThan(5);
  });

  test("letters are of one size, whichever stand beside them", async (context) => {
    if (!hasFonts) context.skip("no font of this machine has Cyrillic letters");
    const small = (await drawn("нм", 60)).height;
    const withTail = (await drawn("нмр", 60)).height;
    const capital = (await drawn("П", 60)).height;
    // as tall as our own capitals at scale 2
    expect(Math.abs(capital - 14)).toBeLessThanOrEqual(1);
    expect(small).toBeLessThan(0.85 * capital);
    expect(withTail).toBeGreaterThan(small);
  });
});

test("letters that no font has are named, and no others", async () => {
  expect(await missingGlyphs({ ...LINE, text: `a ${UNKNOWN}${UNKNOWN} b` })).toBe(UNKNOWN);
  expect(await missingGlyphs({ ...LINE, text: "é – its accent" })).toBe(hasFonts ? "" : "é");
  // strokes that are ink all along their sides, as frames are
  expect(await missingGlyphs({ ...LINE, text: "П – — |" })).toBe(hasFonts ? "" : "П");
  expect(await missingGlyphs({ ...LINE, text: "□ is a frame by itself" })).toBe("");
  expect(await missingGlyphs({ text: "plain", x: 0, y: 0, scale: 1 })).toBe("");
});

test("a sheet leaves room for a title and labels of any script, and asks no font for ours", () => {
  const content = { imageSize: { width: 90, height: 60 }, labels: ["тигр", "tiger"] };
  const layout = sheetLayout(content, { title: "層 conv1", gridSize: [1, 2] });
  expect(layout.title).toMatchObject({ text: "層 conv1", boxWidth: 178 });
  expect(layout.tiles[0]?.label).toMatchObject({ text: "тигр", x: 1, boxWidth: 88 });
  expect(layout.tiles[1]?.label).not.toHaveProperty("boxWidth");
});
