import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";

import { MAX_FILE_BYTES, requireWithin } from "./budgets.ts";
import { ModelError } from "./errors.ts";

/** A regular file that is open for reading, and its length. The caller closes it. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** The bytes of a model file. @throws ModelError if it cannot be read or is too large. */
export async function readModelFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return wholeOf(await openRegular(path, `model '${path}'`));
}

/** The bytes of a file with weights beside a model; see `openExternalFile`. */
export async function readExternalFile(
  modelPath: string,
  location: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return wholeOf(await openExternalFile(modelPath, location));
}

/**
 * Opens a file with weights beside a model. The model says where it lies, and it must not make us
 * read anything else: it is a regular file, and by its real path inside the model's folder, or
 * inside that of the file which a link to a model leads to: as in a cache of downloads, where both
 * are links.
 *
 * @param location relative to the model's folder, as `externalLocation` has checked it
 * @throws ModelError
 */
export async function openExternalFile(modelPath: string, location: string): Promise<OpenFile> {
  const path = join(dirname(modelPath), location);
  const what = `external data '${path}', weights that belong with the model's file`;
  const real = (each: string) => realpath(each).catch((error: unknown) => unreadable(what, error));
  const [folder, model, file] = await Promise.all([
    real(dirname(modelPath)),
    real(modelPath),
    real(path),
  ]);
  if (!isInside(folder, file) && !isInside(dirname(model), file)) {
    throw new ModelError(`cannot read ${what}: it is a link that leads out of the model's folder`);
  }
  return openRegular(file, what);
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Neither follows a link that has just been put there nor waits for a pipe's other end. */
async function openRegular(path: string, what: string): Promise<OpenFile> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const real = await realpath(path).catch((error: unknown) => unreadable(what, error));
  // Windows has neither
  const flags = O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0);
  const handle = await open(real, flags).catch((error: unknown) => unreadable(what, error));
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) unreadable(what, { code: "EISDIR" });
    if (!stats.isFile()) throw new ModelError(`cannot read ${what}: it is no regular file`);
    requireWithin(what, stats.size, "bytes", MAX_FILE_BYTES);
    return { handle, sizeBytes: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function wholeOf({ handle, sizeBytes }: OpenFile): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // memory of its own, not of Node's pool: it may be handed over to another thread
    const bytes = new Uint8Array(sizeBytes);
    let filled = 0;
    while (filled < sizeBytes) {
      const { bytesRead } = await handle.read(bytes, filled, sizeBytes - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

function unreadable(what: string, error: unknown): never {
  const isCoded = typeof error === "object" && error !== null && "code" in error;
  const code = isCoded ? String(error.code) : String(error);
  throw new ModelError(`cannot read ${what}: ${PROBLEMS.get(code) ?? code}`, { cause: error });
}

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["ENOTDIR", "there is no such file"],
  ["EISDIR", "it is a folder; name the .onnx file in it"],
  ["EACCES", "no permission"],
  ["ELOOP", "it is a link that leads nowhere"],
]);
