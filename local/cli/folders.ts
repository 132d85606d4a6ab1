import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Runs `work` with `folder` in place; what was created of it is removed again if the work fails. */
export async function withFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const created = await makeFolders(folder);
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
export async function makeFolders(path: string): Promise<readonly string[]> {
  const folder = resolve(path);
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
