import { readFile } from "node:fs/promises";

/** Bytes of a file in `test/fixtures/image`. */
export async function fixture(name: string): Promise<Uint8Array> {
  return readFile(new URL(`../fixtures/image/${name}`, import.meta.url));
}
