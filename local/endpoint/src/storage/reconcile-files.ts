import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

import { type BucketFolders, isPlainKey, objectPath } from "./object-place.ts";
import type { ObjectRecord } from "./object-record.ts";

/** S3's type of an object whose writer named none. */
export const DEFAULT_CONTENT_TYPE = "binary/octet-stream";

/**
 * Makes the records true to the files: a person may have removed, edited, copied
 * or added some while the endpoint was not running.
 *
 * Removed files lose their record, changed files get a new ETag, new files become objects.
 */
export function reconcileWithFiles(
  folders: BucketFolders,
  known: ReadonlyMap<string, ObjectRecord>,
): Map<string, ObjectRecord> {
  const records = new Map<string, ObjectRecord>();
  for (const record of known.values()) {
    const path = objectPath(folders, record.key, record.place);
    if (existsSync(path)) records.set(record.key, withFileState(record, path));
  }
  for (const path of filesBelow(folders.plain)) {
    const key = relative(folders.plain, path).split(sep).join("/");
    if (!known.has(key) && isPlainKey(key)) records.set(key, adoptFile(key, path));
  }
  return records;
}

/** The record itself if its file is as it was, or is gone; else with what the file is now. */
export function withFileState(record: ObjectRecord, path: string): ObjectRecord {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return record;
  const { size, mtimeMs } = file;
  if (size === record.size && mtimeMs === record.fileTimeMs) return record;
  const md5 = fileMd5(path);
  if (md5 === record.md5) return { ...record, fileTimeMs: mtimeMs };
  return { ...adoptFile(record.key, path), place: record.place, headers: record.headers };
}

function adoptFile(key: string, path: string): ObjectRecord {
  const { size, mtimeMs } = statSync(path);
  const md5 = fileMd5(path);
  return {
    key,
    size,
    etag: md5,
    md5,
    lastModifiedMs: Math.floor(mtimeMs),
    headers: { "content-type": DEFAULT_CONTENT_TYPE },
    metadata: {},
    checksum: null,
    place: "plain",
    fileTimeMs: mtimeMs,
  };
}

/** Regular files only: links could lead out of the folder. */
function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Of a file at a time; there may be thousands, most of them smaller. */
const READ_BYTES = 64 * 1024;

function fileMd5(path: string): string {
  const hash = createHash("md5");
  const buffer = Buffer.alloc(READ_BYTES);
  const fd = openSync(path, "r");
  try {
    for (let length = 1; length > 0;) {
      length = readSync(fd, buffer);
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}
