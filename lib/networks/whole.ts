import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

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
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
