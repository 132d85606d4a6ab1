import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve as absolute } from "node:path";

import { fitInside } from "../../lib/image/grid.ts";
import { decodeImage, resizeRaster } from "../../lib/image/png.ts";
import { isFolder } from "../../lib/networks/absence.ts";
import type { Planes, Raster, Size } from "../../lib/image/raster.ts";
import { photographPlanes, takesPhotographs } from "../../lib/optvis/ascent/network-planes.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import type { Photograph } from "../../lib/pipeline/dataset/dataset-looks.ts";
import { decodeUserFile } from "./read-user-file.ts";
import { UsageError } from "./user-errors.ts";

/** The images of a folder, by their names' endings, sorted by name. */
export async function imagesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g|webp)$/i.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(folder, name));
  throw new UsageError(`${folder}: there is no PNG, JPEG or WebP file in it`);
}

/** The images of a folder, or the one that is named. @throws UsageError for one that is none */
export async function photographsAt(path: string): Promise<readonly string[]> {
  if (await isFolder(path)) return imagesIn(path);
  await readPicture(path);
  return [path];
}

/** Of the user's own photographs: telephones have up to 200 million, 600 MB while it is resized. */
const PHOTO_PIXELS = 200e6;

/** A picture of the user's. @throws UsageError for what is none */
export function readPicture(path: string): Promise<Raster> {
  return decodeUserFile(path, (bytes) => decodeImage(bytes, { pixelLimit: PHOTO_PIXELS }));
}

/** A photograph of a dataset; of a file that is changed it is another. */
export async function photographAt(path: string): Promise<Photograph> {
  // a link that leads nowhere is left out, and told of, when it is looked at
  const file = await stat(path).catch(() => null);
  const version = JSON.stringify([absolute(path), file?.size, file?.mtimeMs]);
  return { name: basename(path), version, read: () => readPicture(path) };
}

/** A picture within a tile of a sheet. @throws UsageError for what is no picture */
export async function readSmall(path: string, tile: Size): Promise<Raster> {
  const image = await readPicture(path);
  return resizeRaster(image, fitInside(image, tile));
}

/** Reads as `readSmall` does, each once: one may stand in several places, and have 200 million pixels. */
export function smallPictures(tile: Size): (path: string) => Promise<Raster> {
  const small = new Map<string, Raster>();
  return async (path) => {
    const image = small.get(path) ?? (await readSmall(path, tile));
    small.set(path, image);
    return image;
  };
}

/** @throws UsageError where a network sees no colours. @param path of what it was to see */
export function checkTakesPhotographs(network: NetworkModel, path: string): void {
  if (takesPhotographs(network)) return;
  throw new UsageError(
    `${path}: the network's images have ${network.planes.length} planes that are no colours, which no photograph has`,
  );
}

/** A photograph as a network sees it: resized to its input size, whatever the aspect. */
export async function planesFor(network: NetworkModel, path: string): Promise<Planes> {
  checkTakesPhotographs(network, path);
  return photographPlanes(await resizeRaster(await readPicture(path), network.inputSize), network);
}
