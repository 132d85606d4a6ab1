import { rm } from "node:fs/promises";
import { join } from "node:path";

import { NETWORK_ID } from "../../lib/networks/description.ts";
import { didYouMean } from "../../lib/networks/did-you-mean.ts";
import { NetworkError, NetworkNotFoundError } from "../../lib/networks/errors.ts";
import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import { isFolder } from "../../lib/networks/absence.ts";
import { surveyNetworks } from "../../lib/networks/survey.ts";
import type { Terminal } from "./terminal.ts";

export interface RemoveFlags {
  readonly folder?: string;
}

/**
 * Removes a network's folder: the description and model of one that was added, or what has been
 * fetched of one that is described elsewhere.
 *
 * @throws NetworkError if there is nothing of it in that folder
 */
export async function removeModel(
  id: string,
  flags: RemoveFlags,
  { env, print }: Terminal,
): Promise<void> {
  const folder = flags.folder ?? cacheFolder(env);
  const path = join(folder, id);
  // an id is a folder's name: it leads nowhere else
  if (NETWORK_ID.test(id) && (await isFolder(path))) {
    await rm(path, { recursive: true });
    print(`removed '${id}': ${path}`);
    return;
  }
  const networks = await surveyNetworks([folder, ...defaultFolders(env)]);
  const known = networks.map((network) => network.id);
  if (known.includes(id)) {
    throw new NetworkError(
      `there is nothing of '${id}' in ${folder}, and it is only removed from there; say --folder`,
    );
  }
  throw new NetworkNotFoundError(
    `given '${id}'; there is no such network; ${didYouMean(id, known) || `known are ${known.join(", ")}`}`,
  );
}
