import { fitInside } from "../../lib/image/grid.ts";
import { resizeRaster } from "../../lib/image/png.ts";
import type { Raster, Size } from "../../lib/image/raster.ts";
import { readPicture } from "../../lib/image/user-file.ts";

/** A picture within a tile of a sheet. @throws as `readPicture` */
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
