import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { startEndpoint } from "../src/endpoint.ts";
import { DamagedFileError } from "../src/storage/damaged-file.ts";
import { newFolder, s3At } from "./support/target.ts";

const Bucket = "dreamgrid";
const OPTIONS = { queues: [{ name: "work" }], buckets: [{ name: Bucket }] };

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = () => startEndpoint({ dataFolder: folder, ...OPTIONS });
const hidden = (...path: readonly string[]) => join(folder, ".endpoint", ...path);

test.each([
  ["a line that is no JSON", ["queues", "work.jsonl"], "{not json\n", /work\.jsonl:\d+: not JSON/],
  [
    "a line of another kind",
    ["queues", "work.jsonl"],
    '{"a":1}\n',
    /work\.jsonl:\d+: not a record/,
  ],
  [
    "an object's line",
    ["buckets", Bucket, "objects.jsonl"],
    "7\n",
    /objects\.jsonl:1: not a record/,
  ],
])("%s keeps it from starting, in a line that names it", async (_, path, text, problem) => {
  await (await start()).close();
  appendFileSync(hidden(...path), text);
  const error: unknown = await start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DamagedFileError);
  expect((error as Error).message).toMatch(problem);
  expect((error as Error).message).not.toContain("\n");
  // and the folder is not kept locked: mended, it starts
  rmSync(hidden(...path));
  await (await start()).close();
});

test("a bucket's file and a lock that are damaged are named too", async () => {
  await (await start()).close();
  const file = hidden("buckets", Bucket, "bucket.json");
  writeFileSync(file, '{"createdAtMs": "x"}');
  await expect(start()).rejects.toThrow(`${file}: not a record of ours (createdAtMs: `);
  rmSync(file);
  const lock = hidden("locks", "9", "owner.json");
  mkdirSync(hidden("locks", "9"));
  writeFileSync(lock, "pid 7");
  await expect(start()).rejects.toThrow(`${lock}: not JSON; `);
  rmSync(lock);
  await (await start()).close();
});

test("a data folder that is deleted while it is open is said to be, whatever is asked", async () => {
  const endpoint = await start();
  onTestFinished(() => endpoint.close());
  const s3 = s3At(endpoint.url, { credentials: CREDENTIALS });
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "a" }));
  rmSync(folder, { recursive: true });
  const asked = [
    () => s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "b" })),
    () => s3.send(new GetObjectCommand({ Bucket, Key: "a" })),
  ];
  for (const ask of asked) {
    await expect(ask()).rejects.toMatchObject({
      name: "DataFolderMissing",
      message: `the data folder ${folder} was deleted while it was open; start again`,
    });
  }
  const head = s3.send(new HeadObjectCommand({ Bucket, Key: "a" }));
  await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 507 } });
  expect(existsSync(folder)).toBe(false);
});
