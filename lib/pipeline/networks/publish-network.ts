import { sha256, verifyFile } from "../../networks/checksum.ts";
import { DESCRIPTION_FILE, type NetworkDescription } from "../../networks/description.ts";
import type { Network } from "../../networks/registry.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { BINARY_TYPE, encodeJson, JSON_TYPE, TEXT_TYPE } from "../json.ts";
import { modelKey } from "../keys.ts";
import { objectsOf, readModelObject } from "./model-objects.ts";

/** What is published of a network besides its model. */
export interface PublishedForm {
  /** Names the one file that is published. */
  readonly description: NetworkDescription;
  /** The file that the description's `labels` names; `null` where it names none. */
  readonly labels: Uint8Array | null;
}

/** A network's description as it is published: of the one file that is at hand. */
export function publishedForm({ description, file, labels }: Network): PublishedForm {
  const text = labels === null ? null : Buffer.from(`${labels.join("\n")}\n`);
  return {
    description: {
      ...description,
      files: [file],
      // named after its content, so that other labels are another description
      labels: text === null ? null : `labels-${sha256(text).slice(0, 12)}.txt`,
    },
    labels: text,
  };
}

/**
 * Puts a network into the bucket under its id, unless it is there as it is. The description names
 * the one file that is published, and goes last: a reader never finds a description without its
 * model.
 *
 * @returns the description as published
 * @throws IntegrityError if the model file, or one beside it, is not the one that the description
 *   names
 */
export async function publishNetwork(
  store: ObjectStore,
  network: Network,
): Promise<NetworkDescription> {
  const { modelPath, file } = network;
  // it may have changed since it was opened
  await verifyFile(modelPath, file);
  const { description, labels } = publishedForm(network);
  const descriptionKey = modelKey(description.id, DESCRIPTION_FILE);
  const encoded = encodeJson(description);
  const published = await store.find(descriptionKey);
  if (published !== null && sha256(published) === sha256(encoded)) return description;
  for (const { key, name } of objectsOf(description.id, file)) {
    await store.put(key, await readModelObject(modelPath, file, name), BINARY_TYPE);
  }
  if (labels !== null && description.labels !== null) {
    await store.put(modelKey(description.id, description.labels), labels, TEXT_TYPE);
  }
  await store.put(descriptionKey, encoded, JSON_TYPE);
  return description;
}
