import type { Sharp, WebpOptions } from "sharp";

import { colorDetail } from "./color-detail.ts";
import { ImageError } from "./errors.ts";
import { SHEET_SIDE_LIMITS, type SheetFormat } from "./formats.ts";
import { loadSharp } from "./load-sharp.ts";
import { checkBuffer, type Raster, type Size } from "./raster.ts";

/**
 * Pixels that `decodeImage` accepts: those of the largest image that is rendered, 4,096 squared. A
 * file may make its decoder hold all of them at 8 bytes (an interlaced PNG of 16 bits), 134 MB.
 */
const IMAGE_PIXEL_LIMIT = 2 ** 24;

/** Of either side: a decoder works in strips, and one as wide as all pixels takes gigabytes. */
const IMAGE_SIDE_LIMIT = 16_384;

const PNG_COMPRESSION = 6; // of 9: more takes twice as long for a hundredth of the bytes

/** PNG, 8-bit RGB, without metadata: the same raster gives the same bytes. */
export async function encodePng(raster: Raster): Promise<Uint8Array> {
  checkBuffer(raster);
  return plainBytes(await asPng(await fromRaster(raster)).toBuffer());
}

/** JPEG of a photograph, to be looked at. */
export async function encodeJpeg(raster: Raster): Promise<Uint8Array> {
  checkBuffer(raster);
  const image = await fromRaster(raster);
  return plainBytes(await image.jpeg({ quality: LOSSY_QUALITY }).toBuffer());
}

/** Why an image of that size is not decoded, to be said of what it has; `null` if it is. */
export function sizeProblem(
  { width, height }: Size,
  pixelLimit = IMAGE_PIXEL_LIMIT,
): string | null {
  if (width * height <= pixelLimit && Math.max(width, height) <= IMAGE_SIDE_LIMIT) return null;
  return `${width}x${height} pixels, want at most ${pixelLimit} and no side above ${IMAGE_SIDE_LIMIT}; make it smaller`;
}

/**
 * Decodes a PNG, JPEG or WebP to 8-bit sRGB: turned upright as its EXIF data says, transparency
 * flattened on black, the first frame of an animation.
 *
 * @throws ImageError for anything else, for damaged files, for more than `pixelLimit` pixels and
 *   for a side of more than `IMAGE_SIDE_LIMIT`; what is too large is not decoded
 */
export async function decodeImage(
  bytes: Uint8Array,
  { pixelLimit = IMAGE_PIXEL_LIMIT }: { readonly pixelLimit?: number } = {},
): Promise<Raster> {
  // libvips also opens SVG, PDF and more, which may reach for files and time of their own
  const format = imageFormat(bytes);
  if (format === null) {
    throw new ImageError(
      `the ${bytes.length} bytes given are no PNG, JPEG or WebP (they start with ${firstBytes(bytes)}); convert the image to one of these`,
    );
  }
  const sharp = await loadSharp();
  try {
    // the header alone is read; libvips' own limit would not say what the image has
    const size = await sharp(bytes, { limitInputPixels: false }).metadata();
    const problem = sizeProblem(size, pixelLimit);
    if (problem !== null) throw new ImageError(`the image has ${problem}`);
    const options = { limitInputPixels: pixelLimit, failOn: "warning", autoOrient: true } as const;
    const { data, info } = await sharp(bytes, options)
      .flatten({ background: "black" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: plainBytes(data) };
  } catch (error) {
    if (error instanceof ImageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImageError(`the ${format} image is damaged: ${reason.trim()}`, { cause: error });
  }
}

/** Of 100: no difference is seen beside the PNG, at a fifth of its bytes. */
const LOSSY_QUALITY = 90;

/**
 * Levels of `colorDetail` from which on a lossy WebP, whose colours have half the resolution, draws
 * lines that are not there. First convolutions have 15 to 26 of them, classes and patterns 3 to 9.
 */
const FINE_COLORS = 10;
/** Of 100: off by 4 levels at most, at half of the PNG's bytes. */
const NEAR_LOSSLESS_QUALITY = 40;
/**
 * Pixels of the largest WebP whose colours have more than half the resolution: to keep them takes
 * 24 bytes a pixel, near lossless 40, and the assembler, with 3 GB, writes sheets of 2^27 pixels.
 */
const MAX_FINE_PIXELS = 2 ** 25;

/** Pixels an inch, the usual: libvips' own is one a millimetre, at which sheets are metres wide. */
const DENSITY = 72;

/** What a file says of itself, in its Exif data. */
export interface FileDescription {
  /** `Software`: what made it. */
  readonly software: string;
  /** `ImageDescription`; printable ASCII, as the format has no other. */
  readonly text: string;
}

/**
 * A sheet as a file: the same raster and description give the same bytes.
 *
 * @throws ImageError if it is too large for the format
 */
export async function encodeSheet(
  raster: Raster,
  format: SheetFormat,
  { software, text }: FileDescription,
): Promise<Uint8Array> {
  checkBuffer(raster);
  checkSide(raster, format);
  const image = await fromRaster(raster);
  const exif = { IFD0: { Software: software, ImageDescription: text } };
  return inFormat(image.withExif(exif), format, { size: raster, raster: () => raster });
}

/**
 * The file of a sheet in another format, with what it says of itself.
 *
 * @param from the format that it has
 * @throws ImageError if it is too large for that
 */
export async function convertSheet(
  file: Uint8Array,
  from: SheetFormat,
  format: SheetFormat,
): Promise<Uint8Array> {
  if (format === from) return file;
  const sharp = await loadSharp();
  const image = sharp(file, { limitInputPixels: false }).keepExif();
  const { width, height } = await image.metadata();
  checkSide({ width, height }, format);
  const raster = async () => ({ width, height, data: await image.clone().raw().toBuffer() });
  return inFormat(image, format, { size: { width, height }, raster });
}

function checkSide({ width, height }: Size, format: SheetFormat): void {
  const limit = SHEET_SIDE_LIMITS[format];
  if (Math.max(width, height) <= limit) return;
  throw new ImageError(
    `the sheet has ${width}x${height} pixels, and ${format} holds ${limit} a side; take png, or smaller thumbnails`,
  );
}

interface SheetPixels {
  readonly size: Size;
  /** Called where its colours decide. */
  readonly raster: () => Raster | Promise<Raster>;
}

async function inFormat(
  described: Sharp,
  format: SheetFormat,
  sheet: SheetPixels,
): Promise<Uint8Array> {
  const image = described.withDensity(DENSITY);
  const file = {
    png: () => asPng(image),
    // labels are small and coloured pictures lie side by side: full colour resolution
    jpeg: () => image.jpeg({ quality: LOSSY_QUALITY, chromaSubsampling: "4:4:4" }),
    webp: async () => image.webp(await webpOptions(sheet)),
  }[format];
  return plainBytes(await (await file()).toBuffer());
}

const asPng = (image: Sharp) => image.png({ compressionLevel: PNG_COMPRESSION });

/** How a WebP of these pixels is written, in as much memory as there is for it. */
export async function webpOptions({ size, raster }: SheetPixels): Promise<WebpOptions> {
  if (size.width * size.height > MAX_FINE_PIXELS) return { quality: LOSSY_QUALITY };
  return colorDetail(await raster()) < FINE_COLORS
    ? { quality: LOSSY_QUALITY, smartSubsample: true }
    : { quality: NEAR_LOSSLESS_QUALITY, nearLossless: true };
}

/** Resizes to exactly `size` with Lanczos-3; the aspect ratio is the caller's concern. */
export async function resizeRaster(raster: Raster, size: Size): Promise<Raster> {
  const { width, height } = size;
  if (raster.width === width && raster.height === height) return raster;
  const image = await fromRaster(raster);
  const data = await image
    .resize({ width, height, fit: "fill", kernel: "lanczos3" })
    .raw()
    .toBuffer();
  return { width, height, data: plainBytes(data) };
}

async function fromRaster({ data, width, height }: Raster): Promise<Sharp> {
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}

/** A `Buffer` without Node's methods, so that images compare and serialise as what they are. */
function plainBytes({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function imageFormat(bytes: Uint8Array): "PNG" | "JPEG" | "WebP" | null {
  const text = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (text.startsWith("\xff\xd8\xff")) return "JPEG";
  return text.startsWith("RIFF") && text.endsWith("WEBP") ? "WebP" : null;
}

function firstBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 8)).toString("hex") || "nothing";
}
