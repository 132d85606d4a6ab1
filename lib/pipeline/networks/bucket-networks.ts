import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { fileSha256 } from "../../networks/checksum.ts";
import { NetworkError } from "../../networks/errors.ts";
import { MANIFEST_FILE, type NetworkManifest } from "../../networks/manifest.ts";
import { type Network, openNetwork } from "../../networks/registry.ts";
import { ObjectNotFoundError, type ObjectStore } from "../../storage/object-store.ts";
import { encodeJson } from "../json.ts";
import { MODEL_PREFIX, modelKey } from "../keys.ts";
import { didYouMean } from "../../networks/did-you-mean.ts";
import { readPublishedManifest } from "./published-manifest.ts";
import { RequestError } from "../request/request.ts";

/** Where the pipeline finds networks. */
export interface NetworkSource {
  /** @throws RequestError if there is no such network, or its files cannot be used */
  open(id: string): Promise<Network>;
  /** The network as it was when a job was accepted. @throws Error if its files are gone */
  openPinned(manifest: NetworkManifest): Promise<Network>;
  /** Ids, sorted. */
  list(): Promise<readonly string[]>;
}

export interface BucketNetworksOptions {
  readonly store: ObjectStore;
  /** Local disk. What is there is used after its SHA-256 has been checked. */
  readonly cacheFolder: string;
}

/**
 * Networks kept in the bucket under `models/<id>/`, copied to local disk on first use. A copy lies in
 * a folder named after everything in its manifest, so a network that is replaced in the bucket never
 * mixes with jobs that were accepted before.
 */
export class BucketNetworks implements NetworkSource {
  readonly #store: ObjectStore;
  readonly #cacheFolder: string;
  readonly #opened = new Map<string, Promise<Network>>();

  constructor({ store, cacheFolder }: BucketNetworksOptions) {
    this.#store = store;
    this.#cacheFolder = cacheFolder;
  }

  async open(id: string): Promise<Network> {
    try {
      return await this.openPinned(await this.#readManifest(id));
    } catch (error) {
      if (error instanceof NetworkError) throw new RequestError([`network: ${error.message}`]);
      throw error;
    }
  }

  openPinned(manifest: NetworkManifest): Promise<Network> {
    const version = createHash("sha256").update(JSON.stringify(manifest)).digest("hex");
    const known = this.#opened.get(version);
    if (known !== undefined) return known;
    const opening = this.#copyAndOpen(manifest, join(this.#cacheFolder, version));
    this.#opened.set(version, opening);
    // a failure is not remembered: the next job may find the bucket repaired
    opening.catch(() => this.#opened.delete(version));
    return opening;
  }

  async list(): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const folder of this.#store.listFolders(MODEL_PREFIX)) ids.push(folder.slice(0, -1));
    return ids;
  }

  async #readManifest(id: string): Promise<NetworkManifest> {
    try {
      return await readPublishedManifest(this.#store, id);
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error;
      const known = await this.list();
      const hint = didYouMean(id, known);
      throw new RequestError([
        `network: given '${id}'; there is no such network here${hint && ` (${hint})`}; known are ${known.join(", ") || "none"}`,
      ]);
    }
  }

  async #copyAndOpen(manifest: NetworkManifest, folder: string): Promise<Network> {
    const { id, files, labels } = manifest;
    for (const { file, sha256 } of files) {
      await this.#copy(modelKey(id, file), join(folder, id, file), sha256);
    }
    if (labels !== null) await this.#copy(modelKey(id, labels), join(folder, id, labels), null);
    await writeWhole(join(folder, id, MANIFEST_FILE), encodeJson(manifest));
    return openNetwork(id, { folders: [folder], cacheFolder: folder });
  }

  /** @param sha256 of the wanted bytes; `null`: whatever was copied once will do */
  async #copy(key: string, path: string, sha256: string | null): Promise<void> {
    if (existsSync(path) && (sha256 === null || (await fileSha256(path)) === sha256)) return;
    const bytes = await this.#getNamed(key);
    const found = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== null && found !== sha256) {
      throw new NetworkError(
        `object '${key}' has SHA-256 ${found}, its manifest says ${sha256}; publish the network again`,
      );
    }
    await writeWhole(path, bytes);
  }

  async #getNamed(key: string): Promise<Uint8Array> {
    try {
      return await this.#store.get(key);
    } catch (error) {
      if (!(error instanceof ObjectNotFoundError)) throw error;
      throw new NetworkError(
        `there is no object '${key}', which its manifest names; upload it, or publish the network again`,
        { cause: error },
      );
    }
  }
}

/** Several processes may share the cache: a file is there whole or not at all. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
