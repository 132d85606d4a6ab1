import { loadSharp } from "./load-sharp.ts";
import type { Raster, Rgb, Size } from "./raster.ts";
import {
  CAP_HEIGHT,
  drawText,
  ELLIPSIS,
  fitText,
  GLYPH_HEIGHT,
  isPrintable,
  type TextLine,
  textWidth,
  toPrintable,
} from "./text.ts";

/** Ink of a text, 0 to 255 a pixel. */
interface TextMask extends Size {
  readonly data: Uint8Array;
}

/** Height of an em, px: large, as it is made smaller. */
const EM = 64;
const FONT = `sans-serif ${EM}`;
/** Height of a capital in ems, of the usual fonts; they become as tall as our own. */
const CAPITAL = 0.73;
/** Of a line, in glyph pixels: tall scripts fill it, and a sheet's strip has room for it. */
const LINE_HEIGHT = GLYPH_HEIGHT + 2;
/** What has no ink of its own: spaces, joiners, marks that stand on another letter. */
const INKLESS = /[\s\p{Mark}\p{Cf}\p{Variation_Selector}]/u;
/** Control characters and halves of pairs, which are no text to Pango. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/gu;
/** Letters that are frames themselves. */
const FRAMES = /[\u25a0-\u25ab\u25fb-\u25fe\u2b1a-\u2b1c\u2610]/u;
/** Of each side of the frame that stands for a letter without a glyph; its corners are round. */
const FRAME_INK = 0.9;
/** Longer side of such a frame by its shorter one; dashes and bars are as solid, and longer. */
const MAX_FRAME_ASPECT = 3;

/**
 * Draws a line of any script: in our own glyphs where these have its letters, else in a font of the
 * machine. Where no font has them, accents are left off; letters that remain are drawn as their
 * code points, framed by the font renderer or, where there is no font at all, as `<5C64>`; see
 * `missingGlyphs`.
 */
export async function drawLine(target: Raster, line: TextLine, color: Rgb): Promise<void> {
  const { text, x, y, scale, boxWidth } = line;
  if (boxWidth === undefined) return drawText(target, line, color);
  const isMissing = (await lettersWithoutGlyph(text)) !== "";
  if (isMissing && (!toPrintable(text).includes("?") || !(await hasFont()))) {
    const fitted = fitText(toPrintable(text, codePoint), boxWidth, scale);
    const left = x + Math.floor((boxWidth - textWidth(fitted, scale)) / 2);
    return drawText(target, { text: fitted, x: left, y, scale }, color);
  }
  const mask = await fittedMask(text, boxWidth);
  if (mask.height === 0) return;
  const factor = Math.min(scaleFor(mask, scale), boxWidth / mask.width);
  const size = {
    width: Math.max(1, Math.floor(mask.width * factor)),
    height: Math.max(1, Math.floor(mask.height * factor)),
  };
  const left = x + Math.floor((boxWidth - size.width) / 2);
  const top = y + Math.floor((GLYPH_HEIGHT * scale - size.height) / 2);
  blend(target, await resized(mask, size), { left, top }, color);
}

/**
 * Letters of a line that no font of this machine has, each once; `""` for none. Their code points
 * stand for them, or where all that is lost are accents, the letters without.
 */
export async function missingGlyphs({ text, boxWidth }: TextLine): Promise<string> {
  if (boxWidth === undefined) return "";
  const missing = Array.from(await lettersWithoutGlyph(text));
  const isFramed = toPrintable(text).includes("?") && (await hasFont());
  return missing.filter((letter) => isFramed || !isPrintable(letter)).join("");
}

async function lettersWithoutGlyph(text: string): Promise<string> {
  const letters = [...new Set(text)].filter(
    (letter) => letter > "~" && !INKLESS.test(letter) && !FRAMES.test(letter),
  );
  const missing: string[] = [];
  for (const letter of letters) if (isFrame(await textMask(letter))) missing.push(letter);
  return missing.join("");
}

const codePoint = (letter: string) =>
  `<${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}>`;

/** Whether the machine has any: else even the numbers in frames are missing. */
async function hasFont(): Promise<boolean> {
  return !isFrame(await textMask("a"));
}

/** Pixels for one of a mask, so that capitals are as tall as ours, or tall letters as the line. */
function scaleFor({ height }: TextMask, scale: number): number {
  return scale * Math.min(CAP_HEIGHT / (CAPITAL * EM), LINE_HEIGHT / height);
}

/** The text if a width has room for it at scale 1, else as much of it as has, and an ellipsis. */
async function fittedMask(text: string, boxWidth: number): Promise<TextMask> {
  // what is read as one letter, as a flag or a syllable, stays whole
  const letters = Array.from(new Intl.Segmenter().segment(text.trim()), ({ segment }) => segment);
  const room = (mask: TextMask) => boxWidth / (scaleFor(mask, 1) * mask.width);
  let mask = await textMask(text);
  while (mask.height > 0 && room(mask) < 1 && letters.length > 1) {
    letters.length = Math.min(letters.length - 1, Math.ceil(letters.length * room(mask)));
    mask = await textMask(letters.join("").trimEnd() + ELLIPSIS);
  }
  return mask;
}

/**
 * Text in one line as the machine's fonts have it; what they lack are frames with the letter's
 * number. Empty where nothing of it has ink.
 */
async function textMask(text: string): Promise<TextMask> {
  // Pango's markup: names come from files
  const markup = text
    .replace(/\s+/g, " ")
    .replace(UNWRITABLE, "")
    .replaceAll(/[&<>]/g, (mark) => `&#${mark.charCodeAt(0)};`);
  const sharp = await loadSharp();
  try {
    const { data, info } = await sharp({ text: { text: markup, font: FONT, dpi: 72 } })
      .toColourspace("b-w")
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    if (markup.trim() !== "" && !/no text to render/.test(String(error))) throw error;
    return { width: 0, height: 0, data: new Uint8Array() };
  }
}

async function resized({ data, width, height }: TextMask, size: Size): Promise<TextMask> {
  const sharp = await loadSharp();
  const pixels = sharp(data, { raw: { width, height, channels: 1 } })
    .resize({ ...size, fit: "fill" })
    .toColourspace("b-w")
    .extractChannel(0);
  return { ...size, data: await pixels.raw().toBuffer() };
}

/** Lays a colour onto a raster where the mask has ink, clipped to the raster. */
function blend(
  { data, width, height }: Raster,
  mask: TextMask,
  { left, top }: { readonly left: number; readonly top: number },
  color: Rgb,
): void {
  for (let y = Math.max(0, -top); y < mask.height && top + y < height; y++) {
    for (let x = Math.max(0, -left); x < mask.width && left + x < width; x++) {
      const share = mask.data[y * mask.width + x]! / 255;
      const at = 3 * ((top + y) * width + left + x);
      for (const [c, value] of color.entries()) {
        data[at + c] = Math.round(data[at + c]! + (value - data[at + c]!) * share);
      }
    }
  }
}

/**
 * Whether there is ink along all of each side, as of no letter but frames, and strokes that are
 * long.
 */
function isFrame({ data, width, height }: TextMask): boolean {
  const isInk = (x: number, y: number) => data[y * width + x]! > 96;
  const columns = Array.from({ length: width }, (_, x) => x);
  const rows = Array.from({ length: height }, (_, y) => y);
  const inked = {
    columns: columns.filter((x) => rows.some((y) => isInk(x, y))),
    rows: rows.filter((y) => columns.some((x) => isInk(x, y))),
  };
  const [left, right] = [inked.columns[0], inked.columns.at(-1)];
  const [top, bottom] = [inked.rows[0], inked.rows.at(-1)];
  if (left === undefined || right === undefined || top === undefined || bottom === undefined) {
    return false;
  }
  const share = (is: readonly boolean[]) => is.filter(Boolean).length / is.length;
  const sides = [
    inked.columns.map((x) => isInk(x, top)),
    inked.columns.map((x) => isInk(x, bottom)),
    inked.rows.map((y) => isInk(left, y)),
    inked.rows.map((y) => isInk(right, y)),
  ];
  const [short, long] = [inked.columns.length, inked.rows.length].toSorted((a, b) => a - b);
  if (short! * MAX_FRAME_ASPECT < long!) return false;
  return sides.every((side) => share(side) >= FRAME_INK);
}
