import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeJson, JSON_TYPE, PNG_TYPE, XML_TYPE } from "../json.ts";
import * as keys from "../keys.ts";

/** Where a piece of the Deep Zoom pyramid lies; all from 0, level 0 being one pixel. */
export interface DeepZoomPlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

/** A job's sheet and what belongs to it: overwritten, always with the same bytes. */
export class JobSheet {
  readonly #store: ObjectStore;
  readonly #jobId: string;

  constructor(store: ObjectStore, jobId: string) {
    this.#store = store;
    this.#jobId = jobId;
  }

  /** The sheet, or where it is cut into pages, a reduced one. @returns its key */
  writeMontage(png: Uint8Array): Promise<string> {
    return this.#put(keys.montageKey(this.#jobId), png, PNG_TYPE);
  }

  /** @param page from 1. @returns its key */
  writePage(page: number, png: Uint8Array): Promise<string> {
    return this.#put(keys.montagePageKey(this.#jobId, page), png, PNG_TYPE);
  }

  async writeDeepZoomTile({ level, column, row }: DeepZoomPlace, png: Uint8Array): Promise<void> {
    await this.#put(keys.deepZoomTileKey(this.#jobId, level, column, row), png, PNG_TYPE);
  }

  /** The descriptor that a viewer opens. @returns its key */
  writeDeepZoom(xml: string): Promise<string> {
    return this.#put(keys.deepZoomKey(this.#jobId), Buffer.from(xml), XML_TYPE);
  }

  async writeManifest(manifest: unknown): Promise<void> {
    await this.#put(keys.manifestKey(this.#jobId), encodeJson(manifest), JSON_TYPE);
  }

  async #put(key: string, bytes: Uint8Array, contentType: string): Promise<string> {
    await this.#store.put(key, bytes, contentType);
    return key;
  }
}
