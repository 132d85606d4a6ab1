import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { hasCode } from "../../networks/absence.ts";
import { fileSha256, sha256, sha256InTurns } from "../../networks/checksum.ts";
import { didYouMean } from "../../networks/did-you-mean.ts";
import { NetworkError, NetworkNotFoundError } from "../../networks/errors.ts";
import {
  DESCRIPTION_FILE,
  type NetworkDescription,
  parseDescriptionIn,
} from "../../networks/description.ts";
import { openNetwork } from "../../networks/registry.ts";
import { makeWhole } from "../../networks/whole.ts";
import { ModelError } from "../../onnx/errors.ts";
import { releaseShared, tensorBytes } from "../../onnx/shared-memory.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson } from "../json.ts";
import { MODEL_PREFIX, modelKey } from "../keys.ts";
import { MAX_CACHED_MODEL_BYTES } from "../limits.ts";
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
  /** Keeps no copy of a network that has been removed. */
  forget(id: string): Promise<void>;
}

export interface BucketNetworksOptions {
  readonly store: ObjectStore;
  /** Local disk. What is there is used after its SHA-256 has been checked. */
  readonly cacheFolder: string;
  /** Of weights that are kept, on disk and in memory; the network used last always is. */
  readonly cacheBytes?: number;
}

interface Opened {
  readonly opening: Promise<AnalysedNetwork>;
  /** Of its weights; 0 until it is open. */
  bytes: number;
}

/**
 * Networks kept in the bucket under `models/<id>/`, copied to local disk and analysed on first use;
 * the analysis stays in memory, until others have been used since that take too much. A copy lies
 * in a folder named after everything in its description, so a network that is replaced in the
 * bucket never mixes with jobs that were accepted before.
 */
export class BucketNetworks implements NetworkSource {
  readonly #store: ObjectStore;
  readonly #cacheFolder: string;
  readonly #cacheBytes: number;
  /** Of every version, the one used last at the end. */
  readonly #opened = new Map<string, Opened>();
  /** Versions whose copies are being removed from the disk. */
  readonly #removing = new Map<string, Promise<void>>();

  constructor({ store, cacheFolder, cacheBytes }: BucketNetworksOptions) {
    this.#store = store;
    this.#cacheFolder = cacheFolder;
    this.#cacheBytes = cacheBytes ?? MAX_CACHED_MODEL_BYTES;
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
    return this.#opening(description, (version) => this.#copyAndOpen(description, version));
  }

  /**
   * Takes a network that is at hand for the one that has been published under this description: it
   * has the same bytes, and nothing is copied.
   */
  adopt(published: NetworkDescription, open: () => Promise<AnalysedNetwork>): void {
    const { id } = published;
    // as whoever reads it in the bucket finds it
    const description = parseDescriptionIn(id, JSON.parse(JSON.stringify(published)), id);
    void this.#opening(description, async () => {
      const { modelPath, file, labels, model, layers, problems } = await open();
      return { description, modelPath, file, labels, model, layers, problems };
    });
  }

  #opening(
    description: NetworkDescription,
    open: (version: string) => Promise<AnalysedNetwork>,
  ): Promise<AnalysedNetwork> {
    const version = sha256(JSON.stringify(description));
    const known = this.#opened.get(version);
    if (known !== undefined) {
      this.#opened.delete(version);
      this.#opened.set(version, known);
      return known.opening;
    }
    const opening = open(version);
    const opened: Opened = { opening, bytes: 0 };
    this.#opened.set(version, opened);
    void this.#keep(version, opened);
    return opening;
  }

  async #keep(version: string, opened: Opened): Promise<void> {
    try {
      opened.bytes = tensorBytes((await opened.opening).model.model);
      this.#evict();
    } catch (error) {
      // a failure is not remembered: the next job may find the bucket repaired
      this.#opened.delete(version);
      // of a network that is of no use nobody would ever count the copy
      const isOfNoUse = error instanceof NetworkError || error instanceof ModelError;
      // and half of one that the disk has no room for is in the way of all others
      const isDiskFull = hasCode(error, "ENOSPC", "EDQUOT");
      if (isOfNoUse || isDiskFull) this.#removing.set(version, this.#remove(version));
    }
  }

  /** Forgets the networks used longest ago, as long as all take too much. Who has one keeps it. */
  #evict(): void {
    let total = [...this.#opened.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const last = [...this.#opened.keys()].at(-1);
    for (const [version, { bytes }] of this.#opened) {
      if (total <= this.#cacheBytes || version === last) return;
      if (bytes === 0) continue;
      total -= bytes;
      this.#opened.delete(version);
      this.#removing.set(version, this.#remove(version));
      releaseShared(bytes);
    }
  }

  async list(): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const name of this.#store.listNames(MODEL_PREFIX)) {
      if (name.endsWith("/")) ids.push(name.slice(0, -1));
    }
    return ids;
  }

  async forget(id: string): Promise<void> {
    for (const [version, { opening, bytes }] of this.#opened) {
      const network = await opening.catch(() => null);
      if (network?.description.id !== id) continue;
      this.#opened.delete(version);
      releaseShared(bytes);
    }
    // those of earlier processes too
    const copies = await readdir(this.#cacheFolder).catch(() => []);
    for (const version of copies.filter((each) => existsSync(join(this.#cacheFolder, each, id)))) {
      const removing = this.#remove(version);
      this.#removing.set(version, removing);
      await removing;
    }
  }

  async #remove(version: string): Promise<void> {
    try {
      await rm(join(this.#cacheFolder, version), { recursive: true, force: true });
    } catch {
      // what cannot be removed is used again as it is
    } finally {
      this.#removing.delete(version);
    }
  }

  async #copyAndOpen(description: NetworkDescription, version: string): Promise<AnalysedNetwork> {
    await this.#removing.get(version);
    const folder = join(this.#cacheFolder, version);
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
    const found = await sha256InTurns(bytes);
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
