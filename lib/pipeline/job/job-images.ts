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
  SVG_TYPE,
  XML_TYPE,
} from "../json.ts";
import type { DeepZoomPlace, RoundKeys } from "../keys.ts";
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
  readonly #keys: RoundKeys;
  /** Read once: a viewer asks for piece after piece, and the descriptor never changes. */
  #deepZoom: DeepZoomFacts | null = null;

  constructor(store: ObjectStore, keys: RoundKeys) {
    this.#store = store;
    this.#keys = keys;
  }

  /** @returns the tile that is there now, whoever wrote it */
  writeTile(channel: number, png: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(this.#keys.tile(channel), png, PNG_TYPE);
  }

  /** @returns the raw values that are there now, whoever wrote them */
  writeRawTile(channel: number, npy: Uint8Array): Promise<StoredImage> {
    return this.#putOnce(this.#keys.rawTile(channel), npy, BINARY_TYPE);
  }

  /** @param format its name, also in its media type. @returns the animation that is there now */
  writeAnimation(channel: number, bytes: Uint8Array, format: string): Promise<StoredImage> {
    return this.#putOnce(this.#keys.animation(channel, format), bytes, `image/${format}`);
  }

  /** @returns the SVG document that is there now */
  writeSvg(channel: number, svg: string): Promise<StoredImage> {
    return this.#putOnce(this.#keys.svg(channel), Buffer.from(svg), SVG_TYPE);
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
    const key = this.#keys.attemptsOf(channel);
    const found = await findJson(this.#store, key, attemptsSchema).catch(nothingIfDamaged);
    return found?.attempts ?? 0;
  }

  /** Overwrites: of two workers that begin it at the same time one may not be counted. */
  async writeAttempts(channel: number, attempts: number): Promise<void> {
    const key = this.#keys.attemptsOf(channel);
    await this.#store.put(key, encodeJson({ version: 1, attempts }), JSON_TYPE);
  }

  findCheckpoint(channel: number): Promise<Uint8Array | null> {
    return this.#store.find(this.#keys.checkpoint(channel));
  }

  /** Whether a worker has left any: it was at the job, and none of those images has ended since. */
  async hasCheckpoints(): Promise<boolean> {
    for await (const _ of this.#store.list(this.#keys.checkpoints)) return true;
    return false;
  }

  /** Overwrites. */
  async writeCheckpoint(channel: number, bytes: Uint8Array): Promise<void> {
    await this.#store.put(this.#keys.checkpoint(channel), bytes, BINARY_TYPE);
  }

  async removeCheckpoint(channel: number): Promise<void> {
    await this.#store.delete(this.#keys.checkpoint(channel));
  }

  /** What is where on the sheet. Overwrites, always with the same bytes. */
  async writeManifest(manifest: unknown): Promise<void> {
    await this.#put(this.#keys.manifest, encodeJson(manifest), JSON_TYPE);
  }

  /**
   * How each channel (1-based) ended, as the manifest has it: one read, of kilobytes for each
   * channel.
   *
   * @returns `null` if there is none, or it is damaged; results say the same
   */
  async findEnds(): Promise<ReadonlyMap<number, ChannelEnd> | null> {
    const { manifest } = this.#keys;
    const found = await findJson(this.#store, manifest, endsSchema).catch(nothingIfDamaged);
    return found && new Map(found.tiles.map((end) => [end.channel, end]));
  }

  /** The sheet, or where it is cut into pages, a reduced one. @returns its key */
  writeSheet(file: Uint8Array, format: SheetFormat): Promise<string> {
    return this.#put(this.#keys.montage(format), file, `image/${format}`);
  }

  /** @param page from 1. @returns its key */
  writePage(page: number, file: Uint8Array, format: SheetFormat): Promise<string> {
    return this.#put(this.#keys.montagePage(page, format), file, `image/${format}`);
  }

  async writeDeepZoomPiece(place: DeepZoomPlace, png: Uint8Array): Promise<void> {
    await this.#put(this.#keys.deepZoomPiece(place), png, PNG_TYPE);
  }

  /** The descriptor that a viewer opens. @returns its key */
  writeDeepZoom(xml: string): Promise<string> {
    return this.#put(this.#keys.deepZoom, Buffer.from(xml), XML_TYPE);
  }

  /** Pixels of the sheet that the descriptor is of; `null` where the sheet is one image. */
  async findDeepZoom(): Promise<DeepZoomFacts | null> {
    if (this.#deepZoom !== null) return this.#deepZoom;
    const bytes = await this.#store.find(this.#keys.deepZoom);
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
