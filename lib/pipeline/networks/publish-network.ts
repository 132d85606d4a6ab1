import { readFile } from "node:fs/promises";

import { sha256 } from "../../networks/checksum.ts";
import { MANIFEST_FILE, type NetworkManifest } from "../../networks/manifest.ts";
import type { Network } from "../../networks/registry.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { modelKey } from "../keys.ts";

const MODEL_TYPE = "application/octet-stream";
const TEXT_TYPE = "text/plain; charset=utf-8";

/**
 * Puts a network into the bucket under its id, unless it is there as it is. The manifest names the
 * one file that is published, and goes last: a reader never finds a manifest without its model.
 *
 * @returns the manifest as published
 */
export async function publishNetwork(
  store: ObjectStore,
  network: Network,
): Promise<NetworkManifest> {
  const { modelPath, file, labels } = network;
  const text = labels === null ? null : Buffer.from(`${labels.join("\n")}\n`);
  const manifest: NetworkManifest = {
    ...network.manifest,
    files: [file],
    // named after its content, so that other labels are another manifest
    labels: text === null ? null : `labels-${sha256(text).slice(0, 12)}.txt`,
  };
  const manifestKey = modelKey(manifest.id, MANIFEST_FILE);
  const encoded = encodeJson(manifest);
  const published = await store.find(manifestKey);
  if (published !== null && sha256(published) === sha256(encoded)) return manifest;
  await store.put(modelKey(manifest.id, file.file), await readFile(modelPath), MODEL_TYPE);
  if (text !== null && manifest.labels !== null) {
    await store.put(modelKey(manifest.id, manifest.labels), text, TEXT_TYPE);
  }
  await store.put(manifestKey, encoded, JSON_TYPE);
  return manifest;
}
