import { ManifestError } from "../../networks/errors.ts";
import { MANIFEST_FILE, type NetworkManifest, parseManifestIn } from "../../networks/manifest.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { modelKey } from "../keys.ts";

/**
 * What the bucket says about a network, without a look at its files; `null` if there is no such
 * network.
 *
 * @throws ManifestError if its manifest is broken
 */
export async function findPublishedManifest(
  store: ObjectStore,
  networkId: string,
): Promise<NetworkManifest | null> {
  const key = modelKey(networkId, MANIFEST_FILE);
  const bytes = await store.find(key);
  if (bytes === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new ManifestError(`${key} is not JSON; publish the network again`, { cause: error });
  }
  return parseManifestIn(networkId, json, key);
}
