/** What a listing tells of an object. */
export interface ObjectFacts {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/**
 * Where the pipeline keeps bytes, with S3's guarantees, which a fake must keep too: a write is seen
 * whole or not at all; every read and listing after a write sees it.
 */
export interface ObjectStore {
  /** @throws ObjectNotFoundError */
  get(key: string): Promise<Uint8Array>;
  /** As `get`; `null` if there is no such object. */
  find(key: string): Promise<Uint8Array | null>;
  /** `null` if there is no such object. */
  head(key: string): Promise<ObjectFacts | null>;
  /** Overwrites. */
  put(key: string, body: Uint8Array, contentType: string): Promise<void>;
  /** Of any number of racing writers of one key exactly one gets "created". */
  putIfAbsent(key: string, body: Uint8Array, contentType: string): Promise<"created" | "exists">;
  /** Keys that start with `prefix`, in the order of their UTF-8 bytes. */
  list(prefix: string): AsyncIterable<ObjectFacts>;
  /**
   * Distinct continuations of `prefix` up to the next slash, in order: `a/` for all keys that go on
   * so, `b` for a key that ends so.
   *
   * @param after lists only names after this one, such as `a/`; it need not exist
   */
  listNames(prefix: string, after?: string): AsyncIterable<string>;
  /** No error if there is no such object. */
  delete(key: string): Promise<void>;
}

/** How long a link is good: long enough to send the largest file over a slow line. */
export const LINK_SECONDS = 3_600;

/** Addresses that let a client without credentials read or write one object for LINK_SECONDS. */
export interface ObjectLinks {
  linkToGet(key: string): Promise<string>;
  /** Takes exactly the bytes announced, and only while there is no object under `key`. */
  linkToPut(key: string, upload: AnnouncedUpload): Promise<UploadLink>;
}

export interface AnnouncedUpload {
  readonly contentType: string;
  readonly sizeBytes: number;
}

export interface UploadLink {
  readonly url: string;
  /** The client has to send these as they are: they are part of what the link permits. */
  readonly headers: Readonly<Record<string, string>>;
}

export class ObjectNotFoundError extends Error {
  override readonly name = "ObjectNotFoundError";

  constructor(key: string) {
    super(`there is no object '${key}'`);
  }
}
