import { createHash } from "node:crypto";
import { Readable } from "node:stream";

import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";

import { expectFailure, targetOfFile } from "../support/target.ts";

const { s3, newBucket } = await targetOfFile();

const Bucket = await newBucket();

async function put(Key: string, Body: string | Uint8Array, more: object = {}) {
  return s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

async function textOf(Key: string, more: object = {}): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Body?.transformToString();
}

const copyOnto = (from: string, Key: string) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}` }));

describe.concurrent("objects", () => {
  test("come back as they were put, with all their headers", async () => {
    const headers = {
      ContentType: "application/json",
      ContentEncoding: "identity",
      ContentLanguage: "de",
      ContentDisposition: 'attachment; filename="x.json"',
      CacheControl: "max-age=60",
      Metadata: { channel: "7", note: "a b" },
    };
    await put("headers.json", '{"a":1}', headers);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "headers.json" }));
    expect(got).toMatchObject(headers);
    expect(got.ContentLength).toBe(7);
    expect(await got.Body?.transformToString()).toBe('{"a":1}');
  });

  test("have their MD5 as ETag", async () => {
    const { ETag } = await put("etag", "abc");
    expect(ETag).toBe('"900150983cd24fb0d6963f7d28e17f72"'); // RFC 1321, appendix A.5
  });

  test("may be empty", async () => {
    await put("empty", "");
    expect(await textOf("empty")).toBe("");
  });

  test("have the standard content type if none is given", async () => {
    await put("typeless", "x");
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "typeless" }));
    // the SDK names none for a string body either
    expect(head.ContentType).toMatch(/^(binary|application)\/octet-stream$/);
  });

  test("are replaced by a later put", async () => {
    await put("replaced", "first", { Metadata: { a: "1" } });
    await put("replaced", "second");
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "replaced" }));
    expect(await got.Body?.transformToString()).toBe("second");
    expect(got.Metadata).toEqual({});
  });

  test("arrive whole when streamed in many chunks", async () => {
    const bytes = Buffer.alloc(700_001, "0123456789abcdef");
    const Body = Readable.from([bytes.subarray(0, 65_536), bytes.subarray(65_536)]);
    await s3.send(
      new PutObjectCommand({ Bucket, Key: "stream", Body, ContentLength: bytes.length }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "stream" }));
    const back = await got.Body?.transformToByteArray();
    expect(
      createHash("sha256")
        .update(back ?? "")
        .digest("hex"),
    ).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("that do not exist are NoSuchKey, and NotFound for HEAD", async () => {
    const Key = "missing";
    await expectFailure(s3.send(new GetObjectCommand({ Bucket, Key })), 404, "NoSuchKey");
    await expectFailure(s3.send(new HeadObjectCommand({ Bucket, Key })), 404, "NotFound");
  });

  test("in a bucket that does not exist are NoSuchBucket", async () => {
    const call = s3.send(new GetObjectCommand({ Bucket: "no-such-bucket-7f3a", Key: "a" }));
    await expectFailure(call, 404, "NoSuchBucket");
    const write = s3.send(
      new PutObjectCommand({ Bucket: "no-such-bucket-7f3a", Key: "a", Body: "" }),
    );
    await expectFailure(write, 404, "NoSuchBucket");
  });

  test("can be deleted, once and again", async () => {
    await put("deleted", "x");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
    await expectFailure(textOf("deleted"), 404, "NoSuchKey");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
  });

  test("can be deleted in a batch, missing ones included", async () => {
    await Promise.all(["batch/1", "batch/2 &<>", "batch/3"].map((key) => put(key, "x")));
    const { Deleted, Errors } = await s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Objects: ["batch/1", "batch/2 &<>", "batch/none"].map((Key) => ({ Key })) },
      }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["batch/1", "batch/2 &<>", "batch/none"]);
    expect(Errors ?? []).toEqual([]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "batch/" }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["batch/3"]);
  });

  test("over 2 KB of metadata are refused", async () => {
    const call = put("metadata", "x", { Metadata: { big: "x".repeat(2050) } });
    await expectFailure(call, 400, "MetadataTooLarge");
  });
});

describe.concurrent("keys", () => {
  test.each([
    "a b+c=d&é/ñ (1)'!*~.png",
    "日本語/🎨.png",
    "percent%20and%2Fslash",
    "dots/../up",
    "/leading",
    "double//slash",
    "folder/",
    "line\nfeed",
    "back\\slash",
    "CON",
    `${"long/".repeat(50)}${"x".repeat(300)}`,
  ])("%j is a key like any other", async (key) => {
    await put(key, key);
    expect(await textOf(key)).toBe(key);
    const { Contents } = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: key, MaxKeys: 1 }),
    );
    expect(Contents?.[0]?.Key).toBe(key);
  });

  test("a and a/b and a/b/c are three objects", async () => {
    const keys = ["same/a/b/c", "same/a", "same/a/b"];
    for (const key of keys) await put(key, `body of ${key}`);
    expect(await Promise.all(keys.map((key) => textOf(key)))).toEqual(
      keys.map((key) => `body of ${key}`),
    );
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "same/a/b" }));
    expect(await textOf("same/a")).toBe("body of same/a");
    expect(await textOf("same/a/b/c")).toBe("body of same/a/b/c");
  });

  test("that differ in case are different", async () => {
    await put("case/a", "lower");
    await put("case/A", "upper");
    expect(await textOf("case/a")).toBe("lower");
    expect(await textOf("case/A")).toBe("upper");
  });

  test("may have 1,024 bytes and not one more", async () => {
    await put("k".repeat(1024), "x");
    await expectFailure(put("k".repeat(1025), "x"), 400, "KeyTooLongError");
  });
});

describe.concurrent("copies", () => {
  test("have bytes, headers and metadata of the original", async () => {
    await put("copy/from ü+", "abc", { ContentType: "text/plain", Metadata: { a: "1" } });
    const source = `${Bucket}/${encodeURIComponent("copy/from ü+")}`;
    const { CopyObjectResult } = await s3.send(
      new CopyObjectCommand({ Bucket, Key: "copy/to", CopySource: source }),
    );
    expect(CopyObjectResult?.ETag).toBe('"900150983cd24fb0d6963f7d28e17f72"');
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "copy/to" }));
    expect(got).toMatchObject({ ContentType: "text/plain", Metadata: { a: "1" } });
  });

  test("can be given other metadata", async () => {
    await put("recopy", "abc", { Metadata: { a: "1" } });
    await s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "recopy",
        CopySource: `${Bucket}/recopy`,
        MetadataDirective: "REPLACE",
        Metadata: { b: "2" },
      }),
    );
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "recopy" }));
    expect(head.Metadata).toEqual({ b: "2" });
  });

  test("of nothing, and of an object onto itself, are refused", async () => {
    await put("self", "x");
    await expectFailure(copyOnto("nothing", "self"), 404, "NoSuchKey");
    await expectFailure(copyOnto("self", "self"), 400, "InvalidRequest");
  });
});
