import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";

import { errorCode } from "./error-code.ts";

/**
 * Where the bytes of an object are: in a plain file named like the key, or, when
 * the key cannot be a file name here, in a hidden one named by its hash.
 */
export type Place = "plain" | "hidden";

/** The two folders of one bucket. */
export interface BucketFolders {
  readonly plain: string;
  readonly hidden: string;
}

// separators of some system, control characters, and what Windows forbids
// oxlint-disable-next-line no-control-regex
const UNPORTABLE = /[\u0000-\u001f\u007f\\<>:"|?*]/;
// devices of Windows in every folder, whatever follows their name after a dot
const DEVICE = /^(?:con|prn|aux|nul|(?:com|lpt)[\d¹²³])(?:\.|$)/i;
const MAX_SEGMENT_BYTES = 255; // ext4, APFS, NTFS

/**
 * Whether a key can be a path below the bucket's folder, on every system. Keys
 * with `.`, `..` or empty segments cannot, so no key leads out of the folder.
 */
export function isPlainKey(key: string): boolean {
  return key
    .split("/")
    .every(
      (segment) =>
        segment !== "" &&
        !/[. ]$/.test(segment) &&
        !UNPORTABLE.test(segment) &&
        !DEVICE.test(segment) &&
        Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES,
    );
}

export function objectPath({ plain, hidden }: BucketFolders, key: string, place: Place): string {
  if (place === "plain") return join(plain, ...key.split("/"));
  return join(hidden, createHash("sha256").update(key).digest("hex"));
}

/**
 * Chooses the place of a new object and makes its folder.
 *
 * S3 has both `a` and `a/b`, a file system has not: the second one is hidden.
 * The same goes for keys that differ only in case on a system that ignores case.
 */
export function makePlace(folders: BucketFolders, key: string): Place {
  if (isPlainKey(key) && makePlainFolder(objectPath(folders, key, "plain"))) return "plain";
  mkdirSync(folders.hidden, { recursive: true });
  return "hidden";
}

/** False if something is in the way of a file at `path`. */
function makePlainFolder(path: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    if (["EEXIST", "ENOTDIR", "ENAMETOOLONG"].includes(errorCode(error) ?? "")) return false;
    throw error;
  }
}

/**
 * Removes the folders that a removed object leaves empty, so that they are not in the way of a key.
 */
export function pruneFolders({ plain }: BucketFolders, key: string): void {
  const segments = key.split("/").slice(0, -1);
  for (; segments.length > 0; segments.pop()) {
    try {
      rmdirSync(join(plain, ...segments));
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errorCode(error) ?? "")) return;
      throw error;
    }
  }
}
