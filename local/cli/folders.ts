import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { hasCode, isFolder } from "../../lib/networks/absence.ts";
import { UsageError } from "./user-errors.ts";

/** Runs `work` with `folder` in place; what was created of it is removed if the work fails. */
export async function withFolder(folder: string, work: () => Promise<void>): Promise<void> {
  const created = await makeWritable([folder]);
  try {
    await work();
  } catch (error) {
    await removeEmpty(created.toReversed());
    throw error;
  }
}

/** Creates folders that can be written into, all or none of them; returns those that are new. */
export async function makeWritable(folders: readonly string[]): Promise<readonly string[]> {
  const created: string[] = [];
  try {
    for (const folder of folders) {
      created.push(...(await makeFolders(folder)));
      await checkWritable(folder);
    }
    return created;
  } catch (error) {
    await removeEmpty(created.toReversed());
    throw error;
  }
}

/** Makes sure that no folder has the name of a file that is to be written. */
export async function checkNoFolders(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!(await isFolder(path))) continue;
    throw new UsageError(
      `${path}: a folder of that name is in the way; move it, or write elsewhere with --out`,
    );
  }
}

/** Makes sure that no file lies where a folder is to be, or one above it. Nothing is created. */
export async function checkNoFile(path: string): Promise<void> {
  const folder = resolve(path);
  if (await isFolder(folder)) return;
  if (existsSync(folder)) throw new UsageError(`${folder}: a file of that name is in the way`);
  if (dirname(folder) !== folder) await checkNoFile(dirname(folder));
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

/** Each graph is a file there before it runs. */
export async function checkTemporaryFolder(): Promise<void> {
  const remedy = "; name another folder for temporary files in TMPDIR";
  await checkWritable(tmpdir(), remedy);
}

/** Makes sure that files can be written into a folder before hours of work are spent on them. */
async function checkWritable(folder: string, remedy = ""): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(folder, ".dreamgrid-")));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(`${folder}: nothing can be written there: ${error.message}${remedy}`, {
      cause: error,
    });
  }
}

/** Folders, innermost first. One that meanwhile holds something stays. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (hasCode(error, "ENOTEMPTY")) return;
      throw error;
    }
  }
}
