import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { fileSha256, sha256 } from "../../networks/checksum.ts";
import { didYouMean } from "../../networks/did-you-mean.ts";
import { NetworkError, NetworkNotFoundError } from "../../networks/errors.ts";
import { DESCRIPTION_FILE, type NetworkDescription } from "../../networks/description.ts";
import { openNetwork } from "../../networks/registry.ts";
import { makeWhole } from "../../networks/whole.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson } from "../json.ts";
import { MODEL_PREFIX, modelKey } from "../keys.ts";
import { analyseInThread } from "./analyse-in-thread.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import { objectsOf } from "./model-objects.ts";
import { findPublishedDescription } from "./published-description.ts";

/** Where the pipeline finds networks. */
export interface NetworkSource {
  /**
   * @throws NetworkError if there is no such network, or its files are not those of its
   *   description; ModelError if its model cannot be read
   */
  open(id: string): Promise<AnalysedNetwork>;
  /** The network as it was when a job was accepted. @throws as `open` does */
  openPinned(description: NetworkDescription): Promise<AnalysedNetwork>;
  /** Ids, sorted. */
  list(): Promise<readonly string[]>;
}

export interface BucketNetworksOptions {
  readonly store: ObjectStore;
  /** Local disk. What is there is used after its SHA-256 has been checked. */
  readonly cacheFolder: string;
}

/**
 * Networks kept in the bucket under `models/<id>/`, copied to local disk and analysed on first use;
 * the analysis stays in memory. A copy lies in a folder named after everything in its description,
 * so a network that is replaced in the bucket never mixes with jobs that were accepted before.
 */
export class BucketNetworks implements NetworkSource {
  readonly #store: ObjectStore;
  readonly #cacheFolder: string;
  readonly #opened = new Map<string, Promise<AnalysedNetwork>>();

  constructor({ store, cacheFolder }: BucketNetworksOptions) {
    this.#store = store;
    this.#cacheFolder = cacheFolder;
  }

  async open(id: string): Promise<AnalysedNetwork> {
    const description = await findPublishedDescription(this.#store, id);
    if (description !== null) return this.openPinned(description);
    const known = await this.list();
    const hint = didYouMean(id, known);
    throw new NetworkNotFoundError(
      `given '${id}'; there is no such network here${hint && ` (${hint})`}; known are ${known.join(", ") || "none"}`,
    );
  }

  openPinned(description: NetworkDescription): Promise<AnalysedNetwork> {
    const version = sha256(JSON.stringify(description));
    const known = this.#opened.get(version);
    if (known !== undefined) return known;
    const opening = this.#copyAndOpen(description, join(this.#cacheFolder, version));
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

  async #copyAndOpen(description: NetworkDescription, folder: string): Promise<AnalysedNetwork> {
    const { id, files, labels } = description;
    for (const { key, name, sha256: wanted } of files.flatMap((file) => objectsOf(id, file))) {
      await this.#copy(key, join(folder, id, name), wanted);
    }
    if (labels !== null) await this.#copy(modelKey(id, labels), join(folder, id, labels), null);
    await writeWhole(join(folder, id, DESCRIPTION_FILE), encodeJson(description));
    return analyseInThread(await openNetwork(id, { folders: [folder], cacheFolder: folder }));
  }

  /** @param wanted SHA-256 of the bytes; `null`: whatever was copied once will do */
  async #copy(key: string, path: string, wanted: string | null): Promise<void> {
    if (existsSync(path) && (wanted === null || (await fileSha256(path)) === wanted)) return;
    const bytes = await this.#store.find(key);
    if (bytes === null) {
      throw new NetworkError(
        `there is no object '${key}', which its description names; upload it, or publish the network again`,
      );
    }
    const found = sha256(bytes);
    if (wanted !== null && found !== wanted) {
      throw new NetworkError(
        `object '${key}' has SHA-256 ${found}, its description says ${wanted}; publish the network again`,
      );
    }
    await writeWhole(path, bytes);
  }
}

/** Several processes may share the cache. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await makeWhole(path, (temporary) => writeFile(temporary, bytes));
}
