import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What the names of files and folders end with that are not whole yet. */
export const PART_ENDING = ".part";

/**
 * Makes a file or folder that is there whole or not at all, whoever else makes it meanwhile.
 *
 * @param path its parent folder must exist
 * @param make makes it under the name given, from which it is renamed
 */
export async function makeWhole(
  path: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${PART_ENDING}`);
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
