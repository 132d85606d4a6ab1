import sharp, { type Sharp } from "sharp";

import { ImageError } from "./errors.ts";
import { checkBuffer, type Raster, type Size } from "./raster.ts";

/** Pixels that `decodeImage` accepts: beyond any photograph, and 200 MB once decoded. */
export const IMAGE_PIXEL_LIMIT = 50_000_000;

/** PNG, 8-bit RGB, without metadata: the same raster gives the same bytes. */
export async function encodePng(raster: Raster): Promise<Uint8Array> {
  checkBuffer(raster);
  return plainBytes(await fromRaster(raster).png({ compressionLevel: 6 }).toBuffer());
}

/**
 * Decodes a PNG, JPEG or WebP to 8-bit sRGB: turned upright as its EXIF data says, transparency
 * flattened on black, the first frame of an animation.
 *
 * @throws ImageError for anything else, for damaged files and for more than `pixelLimit` pixels
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
  try {
    const image = sharp(bytes, { limitInputPixels: false, failOn: "warning", autoOrient: true });
    const { width, height } = await image.metadata();
    if (width * height > pixelLimit) {
      throw new ImageError(
        `the image has ${width}x${height} pixels, want at most ${pixelLimit}; make it smaller`,
      );
    }
    const { data, info } = await image
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

/** Resizes to exactly `size` with Lanczos-3; the aspect ratio is the caller's concern. */
export async function resizeRaster(raster: Raster, size: Size): Promise<Raster> {
  const { width, height } = size;
  if (raster.width === width && raster.height === height) return raster;
  const data = await fromRaster(raster)
    .resize({ width, height, fit: "fill", kernel: "lanczos3" })
    .raw()
    .toBuffer();
  return { width, height, data: plainBytes(data) };
}

function fromRaster({ data, width, height }: Raster): Sharp {
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
