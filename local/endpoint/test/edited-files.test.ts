import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { startEndpoint } from "../src/endpoint.ts";
import { newFolder, s3At } from "./support/target.ts";

const Bucket = "edited";

async function start() {
  const dataFolder = await newFolder();
  const endpoint = await startEndpoint({ dataFolder, buckets: [{ name: Bucket }] });
  const s3 = s3At(endpoint.url, { credentials: CREDENTIALS });
  onTestFinished(async () => {
    s3.destroy();
    await endpoint.close();
    rmSync(dataFolder, { recursive: true });
  });
  return { s3, fileOf: (key: string) => join(dataFolder, Bucket, key) };
}

test("a file that is edited under a running endpoint is the object as it is now", async () => {
  const { s3, fileOf } = await start();
  const Key = "job/edited.txt";
  const get = () => s3.send(new GetObjectCommand({ Bucket, Key }));
  const ContentType = "text/plain";
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "as it was written", ContentType }));
  for (const text of ["abc", "a longer text than the one that was written"]) {
    writeFileSync(fileOf(Key), text);
    const got = await get();
    expect(await got.Body?.transformToString()).toBe(text);
    expect(got).toMatchObject({ ContentLength: text.length, ContentType });
  }
  rmSync(fileOf(Key));
  await expect(get()).rejects.toThrow(/key does not exist/);
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
});

test("of a file that is cut short while it is read the rest is not waited for", async () => {
  const { s3, fileOf } = await start();
  // more than the buffers between the two ends hold
  const Body = "x".repeat(32_000_000);
  await s3.send(new PutObjectCommand({ Bucket, Key: "large.bin", Body }));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "large.bin" }));
  truncateSync(fileOf("large.bin"), 1);
  await expect(got.Body?.transformToByteArray()).rejects.toThrow(/aborted|terminated|closed/);
});
