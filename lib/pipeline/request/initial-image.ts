import { ImageError } from "../../image/errors.ts";
import { decodeImage } from "../../image/png.ts";
import type { Raster } from "../../image/raster.ts";
import { sha256 } from "../../networks/checksum.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { MAX_INITIAL_IMAGE_BYTES } from "../limits.ts";
import { RequestError } from "./request.ts";
import type { InitialImage } from "./resolved-request.ts";

/** @throws RequestError if there is no such object, or it is no image we take */
export async function readInitialImage(
  store: ObjectStore,
  key: string | null,
): Promise<InitialImage | null> {
  if (key === null) return null;
  const bytes = await readUpload(store, key, "initialImage");
  try {
    return (await pinImage(key, bytes)).pinned;
  } catch (error) {
    if (error instanceof ImageError) {
      throw new RequestError([`initialImage: given '${key}'; ${error.message}`]);
    }
    throw error;
  }
}

/**
 * A file that a request names in its field `where`.
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

/**
 * Decodes an image, and pins it to its bytes.
 *
 * @param key its name, in the bucket or on this machine
 * @throws ImageError if it is no image we take
 */
export async function pinImage(
  key: string,
  bytes: Uint8Array,
): Promise<{ readonly raster: Raster; readonly pinned: InitialImage }> {
  const raster = await decodeImage(bytes);
  const { width, height } = raster;
  return { raster, pinned: { key, sha256: sha256(bytes), width, height } };
}

/** @throws Error if the object is not the one that was planned with */
export async function loadInitialImage(store: ObjectStore, image: InitialImage): Promise<Raster> {
  const bytes = await store.get(image.key);
  requireUnchanged(`initial image '${image.key}'`, bytes, image.sha256);
  return decodeImage(bytes);
}

/**
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
