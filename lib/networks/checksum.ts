import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

import { IntegrityError } from "./errors.ts";
import type { ModelFile } from "./manifest.ts";

/** Digests of files as last read, by path, size and time of change: 28 MB cost 30 ms each time. */
const knownDigests = new Map<string, string>();

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 of a file's bytes in hexadecimal. */
export async function fileSha256(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const key = JSON.stringify([path, size, mtimeMs]);
  const known = knownDigests.get(key);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const digest = hash.digest("hex");
  knownDigests.set(key, digest);
  return digest;
}

/** @throws IntegrityError if the file at `path` is not the one the manifest describes */
export async function verifyFile(path: string, expected: ModelFile): Promise<void> {
  const found = await fileSha256(path);
  if (found === expected.sha256) return;
  const { size } = await stat(path);
  const sizes =
    expected.sizeBytes === null ? "" : `, ${size} bytes where ${expected.sizeBytes} are expected`;
  throw new IntegrityError(
    `${path} is not the file of the manifest: its SHA-256 is ${found}, want ${expected.sha256}${sizes}; ` +
      "remove it, or add it as a network of its own with: dreamgrid models add",
  );
}
