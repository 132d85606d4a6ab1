import { sha256 } from "../../networks/checksum.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { NPY_TYPE, PNG_TYPE, XML_TYPE } from "../json.ts";
import * as keys from "../keys.ts";

/** An image in the bucket. */
export interface StoredImage {
  readonly key: string;
  /** Of the object's bytes, in hex. */
  readonly sha256: string;
}

/** Where a piece of the Deep Zoom pyramid lies; all from 0, level 0 being one pixel. */
export interface DeepZoomPlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/**
 * A job's images: its tiles, each written once (channels are 1-based), and its sheet, which is
 * overwritten, always with the same bytes.
 */
export class JobImages {
  readonly #store: ObjectStore;
  readonly #jobId: string;

  constructor(store: ObjectStore, jobId: string) {
    this.#store = store;
    this.#jobId = jobId;
  }

  /** @returns the tile that is there now, whoever wrote it */
  writeTile(channel: number, png: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(keys.tileKey(this.#jobId, channel), png, PNG_TYPE);
  }

  /** @returns the raw values that are there now, whoever wrote them */
  writeRawTile(channel: number, npy: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(keys.rawTileKey(this.#jobId, channel), npy, NPY_TYPE);
  }

  /** @throws ObjectNotFoundError if the channel has no tile */
  readTile(channel: number): Promise<Uint8Array> {
    return this.#store.get(keys.tileKey(this.#jobId, channel));
  }

  /** The sheet, or where it is cut into pages, a reduced one. @returns its key */
  writeSheet(png: Uint8Array): Promise<string> {
    return this.#put(keys.montageKey(this.#jobId), png, PNG_TYPE);
  }

  /** @param page from 1. @returns its key */
  writePage(page: number, png: Uint8Array): Promise<string> {
    return this.#put(keys.montagePageKey(this.#jobId, page), png, PNG_TYPE);
  }

  async writeDeepZoomPiece({ level, column, row }: DeepZoomPlace, png: Uint8Array): Promise<void> {
    await this.#put(keys.deepZoomPieceKey(this.#jobId, level, column, row), png, PNG_TYPE);
  }

  /** The descriptor that a viewer opens. @returns its key */
  writeDeepZoom(xml: string): Promise<string> {
    return this.#put(keys.deepZoomKey(this.#jobId), Buffer.from(xml), XML_TYPE);
  }

  async #put(key: string, bytes: Uint8Array, contentType: string): Promise<string> {
    await this.#store.put(key, bytes, contentType);
    return key;
  }

  async #putOnce(key: string, bytes: Uint8Array, contentType: string): Promise<StoredImage> {
    const outcome = await this.#store.putIfAbsent(key, bytes, contentType);
    return { key, sha256: sha256(outcome === "created" ? bytes : await this.#store.get(key)) };
  }
}
