import { basename, extname } from "node:path";

import { sha256 } from "../lib/networks/checksum.ts";
import { type Network, openNetwork, type OpenOptions } from "../lib/networks/registry.ts";
import { BINARY_TYPE } from "../lib/pipeline/json.ts";
import { readableName, uploadKey } from "../lib/pipeline/keys.ts";
import { analyseInThread, readInThread } from "../lib/pipeline/networks/analyse-in-thread.ts";
import type { BucketNetworks } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import {
  filesOfTargets,
  renameFiles,
  type RequestTarget,
} from "../lib/pipeline/request/fields/targets.ts";
import { initialImageOf, type RenderRequest } from "../lib/pipeline/request/request.ts";
import { readNamedFile } from "../lib/pipeline/request/target-files.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";

export interface StageOptions {
  readonly store: ObjectStore;
  /** Where networks are looked for. */
  readonly networks: OpenOptions;
  /** Who will be asked for what is published. */
  readonly published: Pick<BucketNetworks, "adopt">;
  /** What was assumed about a network, in a sentence for the user. */
  readonly onNotice: (notice: string) => void;
}

/**
 * Brings what a request names on this machine into the bucket, and names it as it is called there:
 * its network, known by id or by the path of its file, its initial image, and its targets' files.
 *
 * @throws RequestError if a file cannot be read; NetworkError if the network cannot be opened
 */
export async function stageRequest(
  request: RenderRequest,
  options: StageOptions,
): Promise<RenderRequest> {
  const { store, published, onNotice } = options;
  const network = await openNetwork(request.network, { reader: readInThread, ...options.networks });
  if (network.notice !== undefined) onNotice(network.notice);
  const description = await publishNetwork(store, withOwnId(network));
  published.adopt(description, () => analyseInThread(network));
  const { id } = description;
  const targets = request.targets && (await uploadTargetFiles(store, request.targets));
  const staged = { ...request, network: id, ...(targets && { targets }) };
  const path = initialImageOf(request);
  if (staged.method !== "deepdream" || path === null) return staged;
  return { ...staged, initialImage: await uploadFile(store, path, "initialImage") };
}

/**
 * A file without a description gets an id of its own, so that it takes no registered network's
 * place.
 */
function withOwnId(network: Network): Network {
  if (!network.isUndescribed) return network;
  const { description, file } = network;
  // the same file with other preprocessing is another network
  const own = sha256(JSON.stringify([file.sha256, description.input])).slice(0, 8);
  const id = `${description.id.slice(0, 50)}-${own}`;
  return { ...network, description: { ...description, id } };
}

async function uploadTargetFiles(
  store: ObjectStore,
  targets: readonly RequestTarget[],
): Promise<RequestTarget[]> {
  const keys = new Map<string, string>();
  for (const { file, where } of filesOfTargets(targets)) {
    keys.set(file, await uploadFile(store, file, where));
  }
  return renameFiles(targets, (path) => keys.get(path)!);
}

/** @param where the request's field that names the file */
async function uploadFile(store: ObjectStore, path: string, where: string): Promise<string> {
  const bytes = await readNamedFile(path, where);
  const extension = /^\.[a-z]{3,4}$/.exec(extname(path).toLowerCase())?.[0] ?? "";
  const name = where === "initialImage" ? "" : readableName(basename(path));
  const key = uploadKey(`${sha256(bytes).slice(0, 32)}${name && `-${name}`}${extension}`);
  await store.putIfAbsent(key, bytes, BINARY_TYPE);
  return key;
}
