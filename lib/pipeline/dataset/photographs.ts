import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";

import { ImageError } from "../../image/errors.ts";
import type { Raster } from "../../image/raster.ts";
import { readPicture } from "../../image/user-file.ts";
import { isFolder } from "../../networks/absence.ts";

/** A photograph of a dataset. */
export interface Photograph {
  readonly name: string;
  /** @throws ImageError, or Node's own error, that says why it cannot be read */
  readonly read: () => Promise<Raster>;
}

/** The images of a folder, by their names' endings, sorted by name. @throws ImageError for none */
export async function imagesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g|webp)$/i.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(folder, name));
  throw new ImageError(`${folder}: there is no PNG, JPEG or WebP file in it`);
}

/** The images of a folder, or the one that is named. @throws ImageError for one that is none */
export async function photographsAt(path: string): Promise<readonly string[]> {
  if (await isFolder(path)) return imagesIn(path);
  await readPicture(path);
  return [path];
}

/** A file by its path, or its bytes, which have its number for a name. @param index from 0 */
export function photographOf(image: string | Uint8Array, index: number): Photograph {
  const name = typeof image === "string" ? basename(image) : `${index + 1}`;
  return { name, read: () => readPicture(image) };
}

/** A photograph that cannot be read. */
export interface LeftOut {
  /** Its number, from 0. */
  readonly photograph: number;
  readonly error: Error;
}

/**
 * Images of the caller's: path of a folder, whose PNG, JPEG and WebP files are taken by their names,
 * or of one such file; or several of these, each by its path or its bytes.
 */
export type GivenImages = string | readonly (string | Uint8Array)[];

/** Which of the images given. */
export interface ImageReference {
  /** Its number, from 0: in the order given, or of the folder's names. */
  readonly image: number;
  /** Of its file; `null` where its bytes were given. */
  readonly path: string | null;
}

/** One that cannot be read. */
export interface LeftOutImage extends ImageReference {
  readonly reason: string;
}

/** The images as photographs, and how each is told of. @throws as `photographsAt` */
export async function givenPhotographs(images: GivenImages) {
  const each = typeof images === "string" ? await photographsAt(images) : images;
  const referenceTo = (image: number): ImageReference => {
    const given = each[image];
    return { image, path: typeof given === "string" ? given : null };
  };
  const leftOutOf = (leftOut: readonly LeftOut[]): readonly LeftOutImage[] =>
    leftOut.map(({ photograph, error }) => ({
      ...referenceTo(photograph),
      reason: error.message,
    }));
  return { photographs: each.map(photographOf), referenceTo, leftOutOf };
}
