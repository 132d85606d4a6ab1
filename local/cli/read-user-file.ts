import { readFile } from "node:fs/promises";

/** Reads a file that the user named. Every error has its path: Node leaves it out for a folder. */
export async function readUserFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}
