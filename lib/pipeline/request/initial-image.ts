import { ImageError } from "../../image/errors.ts";
import { decodeImage } from "../../image/png.ts";
import type { Raster } from "../../image/raster.ts";
import { sha256 } from "../../networks/checksum.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { MAX_INITIAL_IMAGE_BYTES } from "../limits.ts";
import { initialImageOf, type RenderRequest, RequestError } from "./request.ts";
import type { InitialImage } from "./resolved-request.ts";

/**
 * Reads a file that a request names in its field `where`.
 *
 * @throws RequestError that says why there is no such file
 */
export type ReadNamedFile = (key: string, where: string) => Promise<Uint8Array>;

/**
 * The image that a request's ascent begins with, and what pins it to its bytes; `null` where it
 * begins with noise.
 *
 * @throws RequestError if there is no such file, or it is no image we take
 */
export async function readInitialImage(
  request: RenderRequest,
  read: ReadNamedFile,
): Promise<{ readonly raster: Raster; readonly pinned: InitialImage } | null> {
  const key = initialImageOf(request);
  if (key === null) return null;
  const bytes = await read(key, "initialImage");
  try {
    const raster = await decodeImage(bytes);
    const { width, height } = raster;
    return { raster, pinned: { key, sha256: sha256(bytes), width, height } };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new RequestError([`initialImage: given '${key}'; ${error.message}`]);
  }
}

/**
 * A file of the bucket that a request names in its field `where`.
 *
 * @throws RequestError if there is no such object, or it is too large
 */
export async function readUpload(
  store: ObjectStore,
  key: string,
  where: string,
): Promise<Uint8Array> {
  const given = `${where}: given '${key}'`;
  const facts = await store.head(key);
  if (facts === null) {
    throw new RequestError([`${given}; there is no such object in the bucket; upload it first`]);
  }
  if (facts.sizeBytes > MAX_INITIAL_IMAGE_BYTES) {
    throw new RequestError([
      `${given} of ${facts.sizeBytes} bytes; wanted at most ${MAX_INITIAL_IMAGE_BYTES}; make it smaller`,
    ]);
  }
  return store.get(key);
}

/** The initial image of a job. @throws Error if the object is not the one that was planned with */
export async function loadInitialImage(store: ObjectStore, image: InitialImage): Promise<Raster> {
  const bytes = await store.get(image.key);
  requireUnchanged(`initial image '${image.key}'`, bytes, image.sha256);
  return decodeImage(bytes);
}

/**
 * Checks that a file is the one that a job was planned with.
 *
 * @param what the file is, for the message
 * @param wanted SHA-256 of its bytes when the request was checked
 * @throws Error if they are others now
 */
export function requireUnchanged(what: string, bytes: Uint8Array, wanted: string): void {
  const found = sha256(bytes);
  if (found === wanted) return;
  throw new Error(
    `${what} has changed since the job was accepted (SHA-256 ${found}, was ${wanted}); send the request again`,
  );
}
