import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { ModelFile } from "../../lib/networks/network-files.ts";

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** How a description describes these bytes. */
export function describeFile(
  file: string,
  bytes: Uint8Array,
  source: string | null = null,
): ModelFile {
  return { file, sha256: sha256(bytes), sizeBytes: bytes.length, source };
}

/** A valid `network.json`, as parsed. */
export function descriptionJson(id: string, files: readonly ModelFile[]) {
  return {
    id,
    licence: "MIT",
    files,
    input: {
      name: "data",
      width: 32,
      height: 24,
      channelOrder: "BGR",
      mean: [104, 117, 123],
      scale: [1, 2, 0.5],
    },
    labels: "labels.txt",
  };
}

/** Writes files, text or bytes, into `<folder>/<id>`. */
export async function writeNetwork(
  folder: string,
  id: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(join(folder, id), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, id, name), content);
  }
}
