import { readFile } from "node:fs/promises";
import { extname } from "node:path";

import { sha256 } from "../lib/networks/checksum.ts";
import { type Network, openNetwork, type OpenOptions } from "../lib/networks/registry.ts";
import { uploadKey } from "../lib/pipeline/keys.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import {
  initialImageOf,
  type RenderRequest,
  RequestError,
} from "../lib/pipeline/request/request.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";

export interface StageOptions {
  readonly store: ObjectStore;
  /** Where networks are looked for. */
  readonly networks: OpenOptions;
  /** What was assumed about a network, in a sentence for the user. */
  readonly onNotice: (notice: string) => void;
}

/**
 * Brings what a request names on this machine into the bucket, and names it as it is called there:
 * its network, known by id or by the path of its file, and its initial image.
 *
 * @throws RequestError if the image cannot be read; NetworkError if the network cannot be opened
 */
export async function stageRequest(
  request: RenderRequest,
  options: StageOptions,
): Promise<RenderRequest> {
  const { store, onNotice } = options;
  const network = await openNetwork(request.network, options.networks);
  if (network.notice !== undefined) onNotice(network.notice);
  const { id } = await publishNetwork(store, withOwnId(network));
  const path = initialImageOf(request);
  if (request.method !== "deepdream" || path === null) return { ...request, network: id };
  return { ...request, network: id, initialImage: await uploadImage(store, path) };
}

/**
 * A file without a description gets an id of its own, so that it takes no registered network's
 * place.
 */
function withOwnId(network: Network): Network {
  if (network.notice === undefined) return network;
  const { description, file } = network;
  const id = `${description.id.slice(0, 50)}-${file.sha256.slice(0, 8)}`;
  return { ...network, description: { ...description, id } };
}

async function uploadImage(store: ObjectStore, path: string): Promise<string> {
  const bytes = await readImageFile(path);
  const extension = /^\.[a-z]{3,4}$/.exec(extname(path).toLowerCase())?.[0] ?? "";
  const key = uploadKey(`${sha256(bytes).slice(0, 32)}${extension}`);
  await store.putIfAbsent(key, bytes, "application/octet-stream");
  return key;
}

async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RequestError([`initialImage: given '${path}', which cannot be read: ${reason}`]);
  }
}
