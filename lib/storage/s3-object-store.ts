import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2Output,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { setTimeout as sleep } from "node:timers/promises";

import {
  type AnnouncedUpload,
  LINK_SECONDS,
  type ObjectFacts,
  type ObjectLinks,
  ObjectNotFoundError,
  type ObjectStore,
  type UploadLink,
} from "./object-store.ts";

const CONFLICT_ATTEMPTS = 6; // pauses of 1.5 to 3 s in all; the other write is over long before
const FIRST_CONFLICT_PAUSE_MS = 50; // about as long as one write takes
/** Sorts behind every key that a folder's objects can have. */
const LAST_CHARACTER = "\u{10FFFF}";

/** ObjectStore on one S3 bucket. */
export class S3ObjectStore implements ObjectStore, ObjectLinks {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async get(key: string): Promise<Uint8Array> {
    const bytes = await this.find(key);
    if (bytes === null) throw new ObjectNotFoundError(key);
    return bytes;
  }

  find(key: string): Promise<Uint8Array | null> {
    return this.#unlessMissing(key, async () => {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const { Body } = await this.#client.send(command);
      if (Body === undefined) throw new Error(`s3://${this.#bucket}/${key} came without a body`);
      return Body.transformToByteArray();
    });
  }

  head(key: string): Promise<ObjectFacts | null> {
    return this.#unlessMissing(key, async () => {
      const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
      const { ContentLength, LastModified } = await this.#client.send(command);
      return { key, sizeBytes: ContentLength ?? 0, modifiedAt: LastModified ?? new Date(0) };
    });
  }

  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    const input = { Bucket: this.#bucket, Key: key, Body: body, ContentType: contentType };
    await this.#client.send(new PutObjectCommand(input));
  }

  async putIfAbsent(
    key: string,
    body: Uint8Array,
    contentType: string,
  ): Promise<"created" | "exists"> {
    const input = { Bucket: this.#bucket, Key: key, Body: body, ContentType: contentType };
    const command = new PutObjectCommand({ ...input, IfNoneMatch: "*" });
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(command);
        return "created";
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) return "exists";
        // 409: another conditional write of the key is under way; who won is not known yet
        if (status !== 409 || attempt === CONFLICT_ATTEMPTS) throw error;
        const pauseMs = FIRST_CONFLICT_PAUSE_MS * 2 ** (attempt - 1);
        await sleep(pauseMs * (1 + Math.random()));
      }
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    for await (const { Contents } of this.#pages(prefix)) {
      for (const { Key, Size, LastModified } of Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: Key, sizeBytes: Size ?? 0, modifiedAt: LastModified ?? new Date(0) };
      }
    }
  }

  async *listNames(prefix: string, after?: string): AsyncIterable<string> {
    // behind a folder's name come its keys
    const start = after?.endsWith("/") === true ? after + LAST_CHARACTER : after;
    const StartAfter = start === undefined ? undefined : prefix + start;
    for await (const page of this.#pages(prefix, { Delimiter: "/", StartAfter })) {
      const folders = (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix);
      const objects = (page.Contents ?? []).map(({ Key }) => Key);
      const keys = [...folders, ...objects].filter((key) => key !== undefined && key !== prefix);
      yield* (keys as string[]).toSorted(byBytes).map((key) => key.slice(prefix.length));
    }
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  linkToGet(key: string): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return getSignedUrl(this.#client, command, { expiresIn: LINK_SECONDS });
  }

  async linkToPut(key: string, { contentType, sizeBytes }: AnnouncedUpload): Promise<UploadLink> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      ContentType: contentType,
      ContentLength: sizeBytes,
      IfNoneMatch: "*",
    });
    const headers = {
      "Content-Type": contentType,
      "Content-Length": String(sizeBytes),
      "If-None-Match": "*",
    };
    // what is signed cannot be changed: another type or size, or an overwrite, breaks the signature
    const signed = Object.keys(headers).map((name) => name.toLowerCase());
    const url = await getSignedUrl(this.#client, command, {
      expiresIn: LINK_SECONDS,
      signableHeaders: new Set(signed),
    });
    return { url, headers };
  }

  async *#pages(
    prefix: string,
    folders: Pick<ListObjectsV2CommandInput, "Delimiter" | "StartAfter"> = {},
  ): AsyncIterable<ListObjectsV2Output> {
    let token: string | undefined;
    do {
      const page: ListObjectsV2Output = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...folders,
          ContinuationToken: token,
        }),
      );
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** `null` if there is no such object. */
  async #unlessMissing<T>(key: string, read: () => Promise<T>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (isOfMissingObject(error)) return null;
      if (statusOf(error) !== 403) throw error;
      throw new Error(
        `access to s3://${this.#bucket}/${key} is denied; if the object may be missing, s3:ListBucket is needed to tell`,
        { cause: error },
      );
    }
  }
}

/** S3's order. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** That the bucket is not there says nothing of the object; only a HEAD cannot tell. */
function isOfMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && (error as S3ServiceException).name !== "NoSuchBucket";
}
