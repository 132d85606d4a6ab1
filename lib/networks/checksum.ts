import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

import { IntegrityError } from "./errors.ts";
import type { ModelFile } from "./description.ts";

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** SHA-256 of a file's bytes in hexadecimal. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** @throws IntegrityError if the file at `path` is not the one the description names */
export async function verifyFile(path: string, expected: ModelFile): Promise<void> {
  const found = await fileSha256(path);
  if (found === expected.sha256) return;
  const { size } = await stat(path);
  const sizes =
    expected.sizeBytes === null ? "" : `, ${size} bytes where ${expected.sizeBytes} are expected`;
  throw new IntegrityError(
    `${path} is not the file of the description: its SHA-256 is ${found}, want ${expected.sha256}${sizes}; ` +
      "remove it, or add it as a network of its own with: dreamgrid models add",
  );
}
