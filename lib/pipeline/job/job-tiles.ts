import { createHash } from "node:crypto";

import type { ObjectStore } from "../../storage/object-store.ts";
import { NPY_TYPE, PNG_TYPE } from "../json.ts";
import { rawTileKey, tileKey } from "../keys.ts";

/** An image in the bucket. */
export interface StoredImage {
  readonly key: string;
  /** Of the object's bytes, in hex. */
  readonly sha256: string;
}

/** A job's finished images. Each is written once; channels are 1-based. */
export class JobTiles {
  readonly #store: ObjectStore;
  readonly #jobId: string;

  constructor(store: ObjectStore, jobId: string) {
    this.#store = store;
    this.#jobId = jobId;
  }

  /** @returns the tile that is there now, whoever wrote it */
  write(channel: number, png: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(tileKey(this.#jobId, channel), png, PNG_TYPE);
  }

  /** @returns the raw values that are there now, whoever wrote them */
  writeRaw(channel: number, npy: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(rawTileKey(this.#jobId, channel), npy, NPY_TYPE);
  }

  /** @throws ObjectNotFoundError if the channel has no tile */
  read(channel: number): Promise<Uint8Array> {
    return this.#store.get(tileKey(this.#jobId, channel));
  }

  async #putOnce(key: string, bytes: Uint8Array, contentType: string): Promise<StoredImage> {
    const outcome = await this.#store.putIfAbsent(key, bytes, contentType);
    const stored = outcome === "created" ? bytes : await this.#store.get(key);
    return { key, sha256: createHash("sha256").update(stored).digest("hex") };
  }
}
