import { rename, rm, writeFile } from "node:fs/promises";

/**
 * Writes files so that each is there whole or not at all, and none of them if one cannot be
 * written. Their folders must exist.
 */
export async function writeWhole(
  ...files: readonly (readonly [path: string, bytes: Uint8Array])[]
): Promise<void> {
  try {
    for (const [path, bytes] of files) await writeFile(partOf(path), bytes);
    for (const [path] of files) await rename(partOf(path), path);
  } catch (error) {
    for (const [path] of files) await rm(partOf(path), { force: true });
    // the name the user gave says more than the one we wrote under
    if (error instanceof Error && "path" in error) {
      error.path = String(error.path).replace(/\.part$/, "");
    }
    throw error;
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}
