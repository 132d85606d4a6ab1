import { DESCRIPTION_FILE } from "../../networks/description.ts";
import type { ObjectFacts, ObjectStore } from "../../storage/object-store.ts";
import { MODEL_FILE_NAME, MODEL_PREFIX, UPLOAD_PREFIX } from "../keys.ts";
import { MAX_UPLOADED_BYTES, MAX_UPLOADED_IMAGES, UNPUBLISHED_SECONDS } from "../limits.ts";

/** What is asked of a bucket before another upload. */
export interface RoomDeps {
  readonly store: Pick<ObjectStore, "list" | "delete">;
  readonly now: () => Date;
}

/**
 * Why there is no room for another upload of that kind, or `null` if there is.
 *
 * Files of networks whose description has not come within a day are deleted on the way: nobody can
 * use them. Objects that no link can have been given for stay. Images go by the bucket's own rule.
 *
 * @param most in the bucket: bytes of one kind, and images
 */
export async function roomProblem(
  { kind, sizeBytes }: { readonly kind: "image" | "model"; readonly sizeBytes: number },
  deps: RoomDeps,
  most = { bytes: MAX_UPLOADED_BYTES, images: MAX_UPLOADED_IMAGES },
): Promise<string | null> {
  const taken = kind === "image" ? await imageBytes(deps, most.images) : await networkBytes(deps);
  if (taken === null) {
    return `kind: given "image", and the bucket has the ${most.images} images that it takes; delete some under ${UPLOAD_PREFIX}`;
  }
  if (taken + sizeBytes <= most.bytes) return null;
  const what = kind === "image" ? "images" : "networks";
  return `sizeBytes: given ${sizeBytes}, and the bucket has ${taken} bytes of ${what} of the ${most.bytes} that it takes; delete some`;
}

/** `null` if there are as many as there may be. */
async function imageBytes({ store }: RoomDeps, most: number): Promise<number | null> {
  let [bytes, images] = [0, 0];
  for await (const { sizeBytes } of store.list(UPLOAD_PREFIX)) {
    bytes += sizeBytes;
    images++;
    if (images === most) return null;
  }
  return bytes;
}

/** Of all networks, after those are gone that were never published. */
async function networkBytes({ store, now }: RoomDeps): Promise<number> {
  const networks = new Map<string, ObjectFacts[]>();
  for await (const object of store.list(MODEL_PREFIX)) {
    const [id = ""] = object.key.slice(MODEL_PREFIX.length).split("/");
    const objects = networks.get(id) ?? [];
    objects.push(object);
    networks.set(id, objects);
  }
  const deadline = now().getTime() - UNPUBLISHED_SECONDS * 1_000;
  let bytes = 0;
  for (const objects of networks.values()) {
    const isPublished = objects.some(({ key }) => key.endsWith(`/${DESCRIPTION_FILE}`));
    const isWaiting = objects.some(({ modifiedAt }) => modifiedAt.getTime() > deadline);
    for (const { key, sizeBytes } of objects) {
      if (isPublished || isWaiting || !isUpload(key)) bytes += sizeBytes;
      else await store.delete(key);
    }
  }
  return bytes;
}

/** Whether a link may have been given for a key under `models/`. */
function isUpload(key: string): boolean {
  const [, file = "", ...deeper] = key.slice(MODEL_PREFIX.length).split("/");
  return deeper.length === 0 && MODEL_FILE_NAME.test(file);
}
