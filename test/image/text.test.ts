import { expect, test } from "vitest";

import { filledRaster, type Raster } from "../../lib/image/raster.ts";
import {
  drawText,
  fitText,
  GLYPH_HEIGHT,
  isPrintable,
  textWidth,
  toPrintable,
} from "../../lib/image/text.ts";

const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

test("every printable character has a glyph of its own", () => {
  const pictures = [...ASCII, "…"].map((letter) => asText(draw(letter, 1)));
  expect(new Set(pictures).size).toBe(96);
  expect(toPrintable(`x${ASCII.join("")}x`)).toBe(`x${ASCII.join("")}x`);
});

test("a glyph is drawn as the sheet shows it, at any whole scale", () => {
  expect(asText(draw("Ty", 1))).toBe(
    [
      "##### ....",
      "..#.. ....",
      "..#.. #..#",
      "..#.. #..#",
      "..#.. #..#",
      "..#.. #..#",
      "..#.. .###",
      "..... ...#",
      "..... .##.",
    ]
      .join("\n")
      .replaceAll(" ", "."),
  );
  // as far apart as they are wide
  expect(asText(draw("ii", 3)).split("\n")[0]).toBe("###...###");
  expect(asText(draw("i", 2)).split("\n").slice(0, 6)).toEqual([
    "##",
    "##",
    "..",
    "..",
    "##",
    "##",
  ]);
});

test("text that leaves the raster is clipped", () => {
  const raster = filledRaster({ width: 3, height: 4 }, [0, 0, 0]);
  drawText(raster, { text: "MM", x: -2, y: -3, scale: 2 }, [255, 255, 255]);
  expect(raster.data).toHaveLength(36);
  expect(new Set(raster.data)).toEqual(new Set([0, 255]));
});

test.each([
  ["Crème brûlée", "Creme brulee"],
  ["Straße, Ægir, Łódź", "Strasse, AEgir, Lodz"],
  ["“a” – ‘b’ × …", "\"a\" - 'b' x …"],
  ["日本", "??"],
  ["tiger 🐅", "tiger ?"],
  ["Diyarbakır", "Diyarbakir"],
  ["  two\n\tlines ", "two lines"],
])("%s is written as %s", (text, printable) => {
  expect(toPrintable(text)).toBe(printable);
});

test("what is printable in part is not printable", () => {
  const texts = ["a b", "日本", "tiger 🐅", "", "“a” – ‘b’ ×"];
  expect(texts.map(isPrintable)).toEqual([true, false, false, true, true]);
});

test("text is shortened by an ellipsis to exactly what fits", () => {
  const text = "strawberry";
  const full = textWidth(text, 2);
  expect(fitText(text, full, 2)).toBe(text);
  // an ellipsis is wider than a y by a column, of two pixels, and fits where the last two were
  expect(textWidth("strawberr…", 2)).toBe(full + 2);
  expect(fitText(text, full - 1, 2)).toBe("strawber…");
  expect(fitText(text, textWidth("strawber…", 2), 2)).toBe("strawber…");
  expect(fitText(text, textWidth("strawber…", 2) - 1, 2)).toBe("strawbe…");
  expect(fitText(text, 12, 1)).toBe("s…");
  expect(fitText(text, 3, 1)).toBe("");
  // no space in front of the ellipsis
  expect(fitText("ab cd", textWidth("ab …", 1), 1)).toBe("ab…");
});

function draw(text: string, scale: number): Raster {
  const size = { width: textWidth(text, scale), height: GLYPH_HEIGHT * scale };
  const raster = filledRaster(size, [0, 0, 0]);
  drawText(raster, { text, x: 0, y: 0, scale }, [9, 200, 9]);
  return raster;
}

function asText({ width, height, data }: Raster): string {
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => (data[(y * width + x) * 3] === 9 ? "#" : ".")),
  );
  return rows.map((row) => row.join("")).join("\n");
}

test("letters that there is no glyph like become what the caller says, whole", () => {
  const number = (letter: string) => `<${letter.codePointAt(0)!.toString(16)}>`;
  // й is more than и with an accent, é is e with one
  const text = "cafe\u0301 \u0438\u0306 \u5c64 \u{1f40c}";
  expect(toPrintable(text, number)).toBe("cafe <439> <5c64> <1f40c>");
  expect(toPrintable(text)).toBe("cafe ? ? ?");
});
