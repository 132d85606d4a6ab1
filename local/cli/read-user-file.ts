import { readFile } from "node:fs/promises";

import { ImageError } from "../../lib/image/errors.ts";
import { UsageError } from "./user-errors.ts";

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
 * @throws UsageError that says of which file, where it is none
 */
export async function decodeUserFile<Decoded>(
  path: string,
  decode: (bytes: Uint8Array) => Decoded | Promise<Decoded>,
): Promise<Decoded> {
  const bytes = await readUserFile(path);
  try {
    return await decode(bytes);
  } catch (error) {
    if (error instanceof ImageError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}
