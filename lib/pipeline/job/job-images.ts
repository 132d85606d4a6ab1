import type { SheetFormat } from "../../image/formats.ts";
import { sha256 } from "../../networks/checksum.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import {
  BINARY_TYPE,
  encodeJson,
  findJson,
  JSON_TYPE,
  nothingIfDamaged,
  PNG_TYPE,
  XML_TYPE,
} from "../json.ts";
import * as keys from "../keys.ts";
import { type ChannelEnd, endsSchema } from "./result.ts";
import { attemptsSchema } from "./round.ts";

/** An image in the bucket. */
export interface StoredImage {
  readonly key: string;
  /** Of the object's bytes, in hex. */
  readonly sha256: string;
}

/** Pixels of a sheet that is cut into a Deep Zoom pyramid, and the side of its pieces. */
export interface DeepZoomFacts {
  readonly width: number;
  readonly height: number;
  readonly pieceSize: number;
}

/**
 * The images of a round of a job: its tiles, each written once (channels are 1-based), and its
 * sheet, which is overwritten, always with the same bytes.
 */
export class JobImages {
  readonly #store: ObjectStore;
  readonly #jobId: string;
  readonly #round: number;
  /** A viewer asks for each piece of a pyramid, and its descriptor stays as it is. */
  #deepZoom: DeepZoomFacts | null = null;

  constructor(store: ObjectStore, jobId: string, round: number) {
    this.#store = store;
    this.#jobId = jobId;
    this.#round = round;
  }

  /** @returns the tile that is there now, whoever wrote it */
  writeTile(channel: number, png: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(keys.tileKey(this.#jobId, channel, this.#round), png, PNG_TYPE);
  }

  /** @returns the raw values that are there now, whoever wrote them */
  writeRawTile(channel: number, npy: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(keys.rawTileKey(this.#jobId, channel, this.#round), npy, BINARY_TYPE);
  }

  /** @param format its name, also in its media type. @returns the animation that is there now */
  writeAnimation(channel: number, bytes: Uint8Array, format: string): Promise<StoredImage> {
    const key = keys.animationKey(this.#jobId, channel, format, this.#round);
    return this.#putOnce(key, bytes, `image/${format}`);
  }

  /**
   * What is wrong with a tile that its result speaks of, or `null`.
   *
   * @param look "presence" reads no bytes
   */
  async tileProblem({ key, sha256: wanted }: StoredImage, look: "presence" | "bytes") {
    if (look === "presence") return (await this.#store.head(key)) === null ? "is gone" : null;
    const png = await this.#store.find(key);
    if (png === null) return "is gone";
    return sha256(png) === wanted ? null : "is not as it was written";
  }

  /** @throws ObjectNotFoundError if there is no such tile */
  readTile({ key }: Pick<StoredImage, "key">): Promise<Uint8Array> {
    return this.#store.get(key);
  }

  /** Deliveries in which the channel's image (1-based) was begun; a damaged count begins anew. */
  async attempts(channel: number): Promise<number> {
    const key = keys.attemptsKey(this.#jobId, channel, this.#round);
    const found = await findJson(this.#store, key, attemptsSchema).catch(nothingIfDamaged);
    return found?.attempts ?? 0;
  }

  /** Overwrites: of two workers that begin it at the same time one may not be counted. */
  async writeAttempts(channel: number, attempts: number): Promise<void> {
    const key = keys.attemptsKey(this.#jobId, channel, this.#round);
    await this.#store.put(key, encodeJson({ version: 1, attempts }), JSON_TYPE);
  }

  findCheckpoint(channel: number): Promise<Uint8Array | null> {
    return this.#store.find(keys.checkpointKey(this.#jobId, channel, this.#round));
  }

  /** Whether a worker has left any: it was at the job, and none of those images has ended since. */
  async hasCheckpoints(): Promise<boolean> {
    const prefix = keys.checkpointsPrefix(this.#jobId, this.#round);
    for await (const _ of this.#store.list(prefix)) return true;
    return false;
  }

  /** Overwrites. */
  async writeCheckpoint(channel: number, bytes: Uint8Array): Promise<void> {
    const key = keys.checkpointKey(this.#jobId, channel, this.#round);
    await this.#store.put(key, bytes, BINARY_TYPE);
  }

  async removeCheckpoint(channel: number): Promise<void> {
    await this.#store.delete(keys.checkpointKey(this.#jobId, channel, this.#round));
  }

  /** What is where on the sheet. Overwrites, always with the same bytes. */
  async writeManifest(manifest: unknown): Promise<void> {
    await this.#put(keys.manifestKey(this.#jobId, this.#round), encodeJson(manifest), JSON_TYPE);
  }

  /**
   * How each channel (1-based) ended, as the manifest has it: one read, of kilobytes for each
   * channel.
   *
   * @returns `null` if there is none, or it is damaged; results say the same
   */
  async findEnds(): Promise<ReadonlyMap<number, ChannelEnd> | null> {
    const key = keys.manifestKey(this.#jobId, this.#round);
    const found = await findJson(this.#store, key, endsSchema).catch(nothingIfDamaged);
    return found && new Map(found.tiles.map((end) => [end.channel, end]));
  }

  /** The sheet, or where it is cut into pages, a reduced one. @returns its key */
  writeSheet(file: Uint8Array, format: SheetFormat): Promise<string> {
    return this.#put(keys.montageKey(this.#jobId, this.#round, format), file, `image/${format}`);
  }

  /** @param page from 1. @returns its key */
  writePage(page: number, file: Uint8Array, format: SheetFormat): Promise<string> {
    const key = keys.montagePageKey(this.#jobId, page, this.#round, format);
    return this.#put(key, file, `image/${format}`);
  }

  async writeDeepZoomPiece(place: keys.DeepZoomPlace, png: Uint8Array): Promise<void> {
    await this.#put(keys.deepZoomPieceKey(this.#jobId, place, this.#round), png, PNG_TYPE);
  }

  /** The descriptor that a viewer opens. @returns its key */
  writeDeepZoom(xml: string): Promise<string> {
    return this.#put(keys.deepZoomKey(this.#jobId, this.#round), Buffer.from(xml), XML_TYPE);
  }

  /** Pixels of the sheet that the descriptor is of; `null` where the sheet is one image. */
  async findDeepZoom(): Promise<DeepZoomFacts | null> {
    if (this.#deepZoom !== null) return this.#deepZoom;
    const bytes = await this.#store.find(keys.deepZoomKey(this.#jobId, this.#round));
    if (bytes === null) return null;
    const xml = Buffer.from(bytes).toString("utf8");
    const number = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(xml)?.[1]);
    const facts = { width: number("Width"), height: number("Height") };
    this.#deepZoom = { ...facts, pieceSize: number("TileSize") };
    return this.#deepZoom;
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
