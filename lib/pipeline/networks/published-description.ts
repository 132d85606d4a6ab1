import { DescriptionError } from "../../networks/errors.ts";
import {
  DESCRIPTION_FILE,
  type NetworkDescription,
  parseDescriptionIn,
} from "../../networks/description.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { modelKey } from "../keys.ts";

/** Whether the bucket has a network of that id. */
export async function isPublished(store: ObjectStore, networkId: string): Promise<boolean> {
  return (await store.head(modelKey(networkId, DESCRIPTION_FILE))) !== null;
}

/**
 * What the bucket says about a network, without a look at its files; `null` if there is no such
 * network.
 *
 * @throws DescriptionError if its description is broken
 */
export async function findPublishedDescription(
  store: ObjectStore,
  networkId: string,
): Promise<NetworkDescription | null> {
  const key = modelKey(networkId, DESCRIPTION_FILE);
  const bytes = await store.find(key);
  if (bytes === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new DescriptionError(`${key} is not JSON; publish the network again`, { cause: error });
  }
  return parseDescriptionIn(networkId, json, key);
}
