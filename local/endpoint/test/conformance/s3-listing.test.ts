import {
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  paginateListObjectsV2,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";

import { expectFailure, MAX_SKEW_MS, targetOfFile } from "../support/target.ts";

const { s3, newBucket, now, isOther } = await targetOfFile();

async function bucketWith(keys: readonly string[]): Promise<string> {
  const Bucket = await newBucket();
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }))));
  return Bucket;
}

async function list(Bucket: string, options: Omit<ListObjectsV2CommandInput, "Bucket"> = {}) {
  const page = await s3.send(new ListObjectsV2Command({ Bucket, ...options }));
  return {
    ...page,
    keys: page.Contents?.map(({ Key }) => Key) ?? [],
    prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [],
  };
}

/** Every name of every page, in order: keys and common prefixes. */
async function listAll(Bucket: string, options: Omit<ListObjectsV2CommandInput, "Bucket">) {
  const names: string[] = [];
  let pages = 0;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, ...options })) {
    const found = [
      ...(page.Contents ?? []).map(({ Key }) => Key ?? ""),
      ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ""),
    ];
    names.push(...found.toSorted());
    pages++;
  }
  return { names, pages };
}

const KEYS = ["jobs/1/plan.json", "jobs/1/tiles/2.png", "jobs/2/plan.json", "requests/a.json", "z"];

describe.concurrent("ListObjectsV2", () => {
  // the embedded endpoint's 3,000 keys, of ../scale.test.ts, are there without being put
  test.runIf(isOther)("pages through 1,050 keys, in order, each once", async () => {
    const keys = Array.from({ length: 1050 }, (_, i) => `tiles/${String(i).padStart(5, "0")}.png`);
    const Bucket = await bucketWith([...keys, "other"]);
    const { names, pages } = await listAll(Bucket, { Prefix: "tiles/" });
    expect(pages).toBe(2);
    expect(names).toEqual(keys);
  });

  test("describes each object", async () => {
    const Bucket = await bucketWith(["a"]);
    const { Contents, KeyCount, IsTruncated, Name } = await list(Bucket);
    expect({ KeyCount, IsTruncated, Name }).toEqual({
      KeyCount: 1,
      IsTruncated: false,
      Name: Bucket,
    });
    expect(Contents?.[0]).toMatchObject({ Key: "a", Size: 1, StorageClass: "STANDARD" });
    expect(Contents?.[0]?.ETag).toBe('"9dd4e461268c8034f5c8564e155c67a6"'); // md5 of x
    const modifiedMs = Contents?.[0]?.LastModified?.getTime() ?? 0;
    expect(Math.abs(modifiedMs - now())).toBeLessThan(MAX_SKEW_MS);
  });

  test("finds nothing in an empty bucket", async () => {
    const Bucket = await newBucket();
    expect(await list(Bucket)).toMatchObject({ keys: [], KeyCount: 0, IsTruncated: false });
  });

  test("orders keys by their UTF-8 bytes", async () => {
    // U+FF5E comes before U+1F3A8, though its UTF-16 unit is greater
    const ordered = ["A", "Z", "a", "é", "～", "🎨"];
    const Bucket = await bucketWith(ordered.toReversed());
    expect((await list(Bucket)).keys).toEqual(ordered);
  });

  test("rolls up what is behind a delimiter", async () => {
    const Bucket = await bucketWith(KEYS);
    const top = await list(Bucket, { Delimiter: "/" });
    expect(top).toMatchObject({ keys: ["z"], prefixes: ["jobs/", "requests/"], KeyCount: 3 });
    const jobs = await list(Bucket, { Delimiter: "/", Prefix: "jobs/" });
    expect(jobs).toMatchObject({ keys: [], prefixes: ["jobs/1/", "jobs/2/"] });
    const job = await list(Bucket, { Delimiter: "/", Prefix: "jobs/1/" });
    expect(job).toMatchObject({ keys: ["jobs/1/plan.json"], prefixes: ["jobs/1/tiles/"] });
  });

  test("pages across common prefixes without repeating one", async () => {
    const keys = ["a/1", "a/2", "b/1", "b/2", "b/3", "c", "d/1"];
    const Bucket = await bucketWith(keys);
    for (const MaxKeys of [1, 2, 3]) {
      const { names } = await listAll(Bucket, { Delimiter: "/", MaxKeys });
      expect(names).toEqual(["a/", "b/", "c", "d/"]);
    }
  });

  test("a delimiter may be longer than one character", async () => {
    const Bucket = await bucketWith(["a--b", "a-c", "d"]);
    const page = await list(Bucket, { Delimiter: "--" });
    expect(page).toMatchObject({ keys: ["a-c", "d"], prefixes: ["a--"] });
  });

  test("starts after a name", async () => {
    const Bucket = await bucketWith(KEYS);
    const page = await list(Bucket, { StartAfter: "jobs/2/plan.json" });
    expect(page.keys).toEqual(["requests/a.json", "z"]);
  });

  test("keeps to max-keys", async () => {
    const Bucket = await bucketWith(KEYS);
    const page = await list(Bucket, { MaxKeys: 2 });
    expect(page).toMatchObject({ keys: KEYS.slice(0, 2), IsTruncated: true, MaxKeys: 2 });
    expect(page.NextContinuationToken).toBeTruthy();
    const none = await list(Bucket, { MaxKeys: 0 });
    expect(none).toMatchObject({ keys: [], IsTruncated: false });
  });

  test("refuses a continuation token it did not give", async () => {
    const Bucket = await bucketWith(["a"]);
    await expectFailure(list(Bucket, { ContinuationToken: "%%%" }), 400, "InvalidArgument");
  });

  test("encodes names for URLs if asked to", async () => {
    const Bucket = await bucketWith(["a b/c&d", "é"]);
    const page = await list(Bucket, { EncodingType: "url" });
    // slashes stay; the SDK does not decode
    expect(page.keys.map((key) => decodeURIComponent((key ?? "").replaceAll("+", " ")))).toEqual([
      "a b/c&d",
      "é",
    ]);
    expect(page.keys[1]).toBe("%C3%A9");
  });

  test("carries keys that XML has to escape", async () => {
    const keys = ["<a>&amp;", "b\"c'", "d]]>"];
    const Bucket = await bucketWith(keys);
    expect((await list(Bucket)).keys).toEqual(keys.toSorted());
  });

  test("sees a put and a delete at once", async () => {
    const Bucket = await newBucket();
    for (let round = 0; round < 10; round++) {
      await s3.send(new PutObjectCommand({ Bucket, Key: `key-${round}`, Body: "x" }));
      expect((await list(Bucket)).KeyCount).toBe(round + 1);
    }
  });
});

describe.concurrent("ListObjects (version 1)", () => {
  test("pages by marker", async () => {
    const Bucket = await bucketWith(KEYS);
    const first = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 3 }));
    expect(first.IsTruncated).toBe(true);
    const Marker = first.Contents?.at(-1)?.Key ?? "";
    const second = await s3.send(new ListObjectsCommand({ Bucket, Marker }));
    const keys = [...(first.Contents ?? []), ...(second.Contents ?? [])].map(({ Key }) => Key);
    expect(keys).toEqual(KEYS);
  });

  test("names the next marker when there is a delimiter", async () => {
    const Bucket = await bucketWith(KEYS);
    const first = await s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 1 }));
    expect(first).toMatchObject({ IsTruncated: true, NextMarker: "jobs/" });
    const rest = await s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", Marker: "jobs/" }));
    expect(rest.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(["requests/"]);
    expect(rest.Contents?.map(({ Key }) => Key)).toEqual(["z"]);
  });
});
