import { listNetworks, openNetwork } from "../../networks/registry.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { publishNetwork } from "./publish-network.ts";
import { isPublished } from "./published-description.ts";

/**
 * Puts the networks that come with the code into the bucket, so that a request can name them as
 * soon as the pipeline stands. One that is there stays as it is: someone may have published their
 * own.
 *
 * @param folder holds `<id>/network.json` and the model files
 * @returns ids of those that were not there
 */
export async function publishBundledNetworks(
  store: ObjectStore,
  folder: string,
): Promise<readonly string[]> {
  const published: string[] = [];
  for (const { id } of await listNetworks({ folders: [folder] })) {
    if (await isPublished(store, id)) continue;
    await publishNetwork(store, await openNetwork(id, { folders: [folder], cacheFolder: folder }));
    published.push(id);
  }
  return published;
}
