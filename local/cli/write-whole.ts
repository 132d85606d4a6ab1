import { mkdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Writes files so that each is there whole or not at all, and none of them if one cannot be written.
 *
 * @param files contents by path; the folders must exist
 */
export async function writeWhole(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const partOf = (path: string) => `${path}.part`;
  try {
    for (const [path, bytes] of files) await writeFile(partOf(path), bytes);
    for (const path of files.keys()) await rename(partOf(path), path);
  } catch (error) {
    for (const path of files.keys()) await rm(partOf(path), { force: true });
    // the name the user gave says more than the one we wrote under
    if (error instanceof Error && "path" in error) {
      error.path = String(error.path).replace(/\.part$/, "");
    }
    throw error;
  }
}

/** Runs `work` with `folder` in place; what was created of it is removed again if the work fails. */
export async function withFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const created = await makeFolders(resolve(folder));
  try {
    await work();
  } catch (error) {
    await removeEmpty(created.toReversed());
    throw error;
  }
}

/**
 * Creates a folder and those above it that are missing; returns them, outermost first.
 *
 * One by one, because mkdir's own `recursive` never returns below a folder that refuses (/proc).
 */
async function makeFolders(folder: string): Promise<readonly string[]> {
  if (await isFolder(folder)) return [];
  const above = await makeFolders(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    await removeEmpty(above.toReversed());
    throw error;
  }
  return [...above, folder];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isProblem(error, "ENOENT") || isProblem(error, "ENOTDIR")) return false;
    throw error;
  }
}

/** Folders, innermost first. One that meanwhile holds something stays. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (isProblem(error, "ENOTEMPTY")) return;
      throw error;
    }
  }
}

function isProblem(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
