import { GLYPH_SHEET } from "./font.ts";
import { fillRectangle, type Raster, type Rgb } from "./raster.ts";

/** Rows of a glyph at scale 1, base line after the seventh. */
export const GLYPH_HEIGHT = 9;
export const CAP_HEIGHT = 7;

const PITCH = 6; // columns of a place in the glyph sheet
const GLYPHS_PER_BAND = 16;
const FIRST_CODE = 0x20;
export const ELLIPSIS = "…";
const SPACING = 1; // columns between glyphs

interface Glyph {
  readonly width: number;
  /** `GLYPH_HEIGHT` rows of `#` and `.`. */
  readonly rows: readonly string[];
}

/** One line of text: `x`, `y` is the upper left corner, `scale` the side of a glyph's pixel. */
export interface TextLine {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  /**
   * Pixels within which a text is centred that our glyphs do not have all letters of; left out: the
   * text is printable, and stands where it is said.
   */
  readonly boxWidth?: number;
}

/** Marks that other marks stand for without loss. */
const ALIKE = /[‘’“”–—−·•×]/gu;

/** What the letters beyond ASCII become, where taking off the accent is not enough. */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ı: "i",
  "‘": "'",
  "’": "'",
  "“": '"',
  "”": '"',
  "–": "-",
  "—": "-",
  "−": "-",
  "×": "x",
  "·": ".",
  "•": "*",
};

const GLYPHS = parseGlyphs(GLYPH_SHEET);

/**
 * The text in glyphs we have: accents are dropped, white space is a space, the rest is a `?`.
 *
 * @param other what a letter becomes that there is no glyph like
 */
export function toPrintable(text: string, other: (letter: string) => string = () => "?"): string {
  const plain = text.replace(/\s+/g, " ").trim().normalize("NFC");
  return Array.from(plain, (letter) => {
    const alike = SUBSTITUTES[letter] ?? letter.normalize("NFD").replace(/\p{Mark}/gu, "");
    return Array.from(alike).every((part) => GLYPHS.has(part)) ? alike : other(letter);
  }).join("");
}

/** Whether `toPrintable` leaves the text what it was, but for white space and quotation marks. */
export function isPrintable(text: string): boolean {
  return Array.from(text.replace(/\s+/g, "").replace(ALIKE, "")).every((letter) =>
    GLYPHS.has(letter),
  );
}

/** Width in pixels of printable text, without space after the last glyph. */
export function textWidth(text: string, scale: number): number {
  let columns = 0;
  for (const letter of text) columns += glyphOf(letter).width + SPACING;
  return Math.max(columns - SPACING, 0) * scale;
}

/** The text if it fits the width, else as much of it as fits with an ellipsis, else nothing. */
export function fitText(text: string, width: number, scale: number): string {
  if (textWidth(text, scale) <= width) return text;
  for (let length = text.length - 1; length > 0; length--) {
    const shortened = text.slice(0, length).trimEnd() + ELLIPSIS;
    if (textWidth(shortened, scale) <= width) return shortened;
  }
  return "";
}

/** Draws printable text without antialiasing, clipped to the raster. */
export function drawText(target: Raster, line: TextLine, color: Rgb): void {
  const { scale } = line;
  let x = line.x;
  for (const letter of line.text) {
    const glyph = glyphOf(letter);
    for (const [row, pixels] of glyph.rows.entries()) {
      for (let column = 0; column < glyph.width; column++) {
        if (pixels[column] !== "#") continue;
        const area = {
          x: x + column * scale,
          y: line.y + row * scale,
          width: scale,
          height: scale,
        };
        fillRectangle(target, area, color);
      }
    }
    x += (glyph.width + SPACING) * scale;
  }
}

function glyphOf(letter: string): Glyph {
  const glyph = GLYPHS.get(letter);
  if (glyph === undefined) throw new Error(`internal: no glyph for '${letter}'`);
  return glyph;
}

function parseGlyphs(sheet: string): ReadonlyMap<string, Glyph> {
  const lines = sheet.split("\n").filter((line) => line !== "");
  const glyphs = new Map<string, Glyph>();
  for (let band = 0; band * GLYPH_HEIGHT < lines.length; band++) {
    const bandLines = lines.slice(band * GLYPH_HEIGHT, (band + 1) * GLYPH_HEIGHT);
    for (let place = 0; place < GLYPHS_PER_BAND; place++) {
      const rows = bandLines.map((line) => line.slice(place * PITCH, (place + 1) * PITCH).trim());
      const code = FIRST_CODE + band * GLYPHS_PER_BAND + place;
      const letter = code === 0x7f ? ELLIPSIS : String.fromCharCode(code);
      glyphs.set(letter, { width: rows[0]?.length ?? 0, rows });
    }
  }
  return glyphs;
}
