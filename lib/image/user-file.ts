import { readFile } from "node:fs/promises";

import { ImageError } from "./errors.ts";
import { decodeImage } from "./png.ts";
import type { Raster } from "./raster.ts";

/** Reads a file that the user named. Every error has its path: Node leaves it out for a folder. */
export async function readUserFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}

/**
 * What an image or an array is that the user named.
 *
 * @param decode may throw ImageError
 * @throws ImageError that says of which file, where it is none
 */
export async function decodeUserFile<Decoded>(
  path: string,
  decode: (bytes: Uint8Array) => Decoded | Promise<Decoded>,
): Promise<Decoded> {
  const bytes = await readUserFile(path);
  try {
    return await decode(bytes);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(`${path}: ${error.message}`, { cause: error });
  }
}

/** Of the user's own photographs: telephones have up to 200 million, 600 MB while it is resized. */
const PHOTO_PIXELS = 200e6;

/**
 * A picture of the user's.
 *
 * @param image path of a PNG, JPEG or WebP file, or its bytes
 * @throws ImageError for what is none; Node's own error for a file that cannot be read
 */
export function readPicture(image: string | Uint8Array): Promise<Raster> {
  const decode = (bytes: Uint8Array) => decodeImage(bytes, { pixelLimit: PHOTO_PIXELS });
  return typeof image === "string" ? decodeUserFile(image, decode) : decode(image);
}
