import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  appendFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { type Clock, ManualClock, systemClock } from "../src/clock.ts";
import { type Endpoint, startEndpoint } from "../src/endpoint.ts";
import { queueClient } from "./support/queue-client.ts";
import { newFolder, s3At, sqsAt } from "./support/target.ts";

const Bucket = "dreamgrid";
const OPTIONS = {
  queues: [
    { name: "dead" },
    {
      name: "events",
      maxReceiveCount: 5,
      deadLetterQueueName: "dead",
    },
  ],
  buckets: [{ name: Bucket, notifications: [{ prefix: "requests/", queueName: "events" }] }],
};

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs an endpoint on the folder for as long as `use` takes. */
async function during<T>(
  use: (clients: Clients) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  const endpoint = await startEndpoint({ dataFolder: folder, clock, ...OPTIONS });
  try {
    return await use({ endpoint, ...clientsAt(endpoint.url) });
  } finally {
    await endpoint.close();
  }
}

interface Clients {
  readonly endpoint: Endpoint;
  readonly s3: S3Client;
  readonly queues: ReturnType<typeof queueClient>;
}

function clientsAt(url: string) {
  return {
    s3: s3At(url, { credentials: CREDENTIALS }),
    queues: queueClient(sqsAt(url, CREDENTIALS)),
  };
}

const put = (s3: S3Client, Key: string, Body: string | Uint8Array, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function keysOf(s3: S3Client): Promise<(string | undefined)[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key }) => Key);
}

const fileOf = (key: string) => join(folder, Bucket, key);

describe("after a restart", () => {
  test("objects are there, those with odd keys and their descriptions included", async () => {
    const keys = ["a", "a/b", "jobs/1/tiles/1.png", "x//y", "z/"];
    const more = { ContentType: "image/png", Metadata: { channel: "7" } };
    await during(async ({ s3 }) => {
      for (const key of keys) await put(s3, key, `body of ${key}`, more);
      await put(s3, "gone", "x");
      await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
      await put(s3, "gone/and/back", "x");
      await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone/and/back" }));
      await put(s3, "gone/and/back", "again");
    });
    await during(async ({ s3 }) => {
      expect(await keysOf(s3)).toEqual(["a", "a/b", "gone/and/back", ...keys.slice(2)]);
      for (const key of keys) {
        const got = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
        expect(got).toMatchObject(more);
        expect(await got.Body?.transformToString()).toBe(`body of ${key}`);
      }
    });
  });

  test("objects are plain files that a person can open, add, edit and remove", async () => {
    await during(async ({ s3 }) => {
      for (const key of ["kept", "edited", "removed"]) {
        await put(s3, `job/${key}.txt`, key, { ContentType: "text/plain" });
      }
    });
    expect(readFileSync(fileOf("job/kept.txt"), "utf8")).toBe("kept");
    writeFileSync(fileOf("job/edited.txt"), "abc");
    rmSync(fileOf("job/removed.txt"));
    mkdirSync(fileOf("added"));
    writeFileSync(fileOf("added/new.txt"), "abc");
    await during(async ({ s3 }) => {
      expect(await keysOf(s3)).toEqual(["added/new.txt", "job/edited.txt", "job/kept.txt"]);
      for (const key of ["job/edited.txt", "added/new.txt"]) {
        const got = await s3.send(new GetObjectCommand({ Bucket, Key: key }));
        expect(got.ETag).toBe('"900150983cd24fb0d6963f7d28e17f72"'); // md5 of abc
      }
    });
  });

  test("a copied folder keeps what files cannot tell", async () => {
    await during(({ s3 }) => put(s3, "a.bin", "abc", { ContentType: "image/png" }));
    const copy = `${folder}/copy`;
    cpSync(join(folder, Bucket), join(copy, Bucket), { recursive: true });
    cpSync(join(folder, ".endpoint"), join(copy, ".endpoint"), { recursive: true });
    utimesSync(join(copy, Bucket, "a.bin"), 1, 1);
    const endpoint = await startEndpoint({ dataFolder: copy, ...OPTIONS });
    const { s3 } = clientsAt(endpoint.url);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: "a.bin" }));
    await endpoint.close();
    expect(got.ContentType).toBe("image/png");
  });

  test("a multipart upload goes on", async () => {
    const Key = "late";
    const part = await during(async ({ s3 }) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const name = { Bucket, Key, UploadId };
      const { ETag } = await s3.send(
        new UploadPartCommand({ ...name, PartNumber: 1, Body: "abc" }),
      );
      return { UploadId, ETag };
    });
    await during(async ({ s3 }) => {
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
      await s3.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key,
          UploadId: part.UploadId,
          MultipartUpload,
        }),
      );
      expect(await keysOf(s3)).toEqual(["late"]);
    });
  });

  test("queues have their messages, those in flight after their timeout", async () => {
    const clock = new ManualClock();
    await during(async ({ endpoint, queues }) => {
      const queue = { url: endpoint.queueUrl("events") };
      const [testEvent] = await queues.receive(queue);
      await queues.remove(queue, testEvent);
      for (const body of ["deleted", "in flight", "waiting"]) await queues.send(queue, body);
      const [first] = await queues.receive(queue, { MaxNumberOfMessages: 1 });
      await queues.remove(queue, first);
      await queues.receive(queue, { MaxNumberOfMessages: 1, VisibilityTimeout: 2 });
    }, clock);
    await during(async ({ endpoint, queues }) => {
      const queue = { url: endpoint.queueUrl("events") };
      const received = async () =>
        (await queues.receive(queue)).map(({ Body, Attributes }) => [
          Body,
          Attributes?.ApproximateReceiveCount,
        ]);
      clock.advance(1_999);
      expect(await received()).toEqual([["waiting", "1"]]);
      clock.advance(1);
      expect(await received()).toEqual([["in flight", "2"]]);
    }, clock);
  });

  test("the same notifications are not set again", async () => {
    await during(({ endpoint }) => Promise.resolve(endpoint.queueCounters("events")));
    const counters = await during(({ endpoint }) =>
      Promise.resolve(endpoint.queueCounters("events")),
    );
    expect(counters).toMatchObject({ sent: 0, visible: 1 }); // one test event, from the first start
  });

  test("a journal that was cut off in mid-line loses that line only", async () => {
    await during(({ s3 }) => put(s3, "a", "x"));
    appendFileSync(join(folder, ".endpoint/buckets/dreamgrid/objects.jsonl"), '{"put":{"key":"b"');
    await during(async ({ s3 }) => expect(await keysOf(s3)).toEqual(["a"]));
  });

  test("a journal with nonsense in the middle is named in the error", async () => {
    await during(({ s3 }) => put(s3, "a", "x"));
    appendFileSync(join(folder, ".endpoint/queues/events.jsonl"), "nonsense\n");
    await expect(during(({ s3 }) => keysOf(s3))).rejects.toThrow(
      /events\.jsonl:\d+: not JSON; it was damaged/,
    );
  });
});

test("a folder that is open cannot be opened again", async () => {
  await during(async () => {
    await expect(startEndpoint({ dataFolder: folder })).rejects.toThrow(
      /has this data folder open/,
    );
  });
  await during(() => Promise.resolve());
});

test("closing ends long polls", async () => {
  const endpoint = await startEndpoint({ dataFolder: folder, ...OPTIONS });
  const { queues } = clientsAt(endpoint.url);
  const queue = { url: endpoint.queueUrl("dead") };
  const poll = queues.receive(queue, { WaitTimeSeconds: 20 });
  while (endpoint.operationCounts().get("ReceiveMessage") === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await endpoint.close();
  // one that were not ended would be cut off
  expect(await poll).toEqual([]);
});

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("after a SIGKILL", () => {
  const script = fileURLToPath(new URL("fixtures/serve.ts", import.meta.url));

  async function startProcess(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
    const child = spawn(process.execPath, ["--import", "tsx", script, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.stdout === null) throw new Error("the endpoint's process has no output");
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return { child, url: line.toString().trim() };
  }

  test("every answered put is there, none is half there, and each is announced", async () => {
    const { child, url } = await startProcess();
    const { s3 } = clientsAt(url);
    const answered: string[] = [];
    const sizes = [10, 100_000, 1_000_000];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; ; i++) {
        const key = `requests/${writer}/${String(i).padStart(4, "0")}`;
        const bytes = Buffer.alloc(sizes[i % sizes.length] ?? 0, key);
        await put(s3, key, bytes, { Metadata: { bytes: String(bytes.length) } });
        answered.push(key);
      }
    });
    const ends = Promise.allSettled(writers);
    while (answered.length < 60) await new Promise((resolve) => setTimeout(resolve, 5));
    await kill(child);
    await ends;

    const second = await startProcess();
    const clients = clientsAt(second.url);
    const keys = await keysOf(clients.s3);
    expect(keys).toEqual(expect.arrayContaining(answered));
    for (const Key of keys) {
      const got = await clients.s3.send(new GetObjectCommand({ Bucket, Key }));
      const bytes = Buffer.from((await got.Body?.transformToByteArray()) ?? []);
      expect(String(bytes.length)).toBe(got.Metadata?.["bytes"]);
      expect(bytes.equals(Buffer.alloc(bytes.length, Key))).toBe(true);
    }
    expect(readdirSync(join(folder, ".endpoint/staging"))).toEqual([]);

    const queue = { url: `${second.url}/000000000000/events` };
    const announced = new Set<string>();
    for (let messages = 1; messages > 0;) {
      const batch = await clients.queues.receive(queue, { VisibilityTimeout: 600 });
      messages = batch.length;
      for (const { Body = "{}" } of batch) {
        const { Records = [] } = JSON.parse(Body) as {
          Records?: { s3: { object: { key: string } } }[];
        };
        for (const record of Records) announced.add(record.s3.object.key);
      }
    }
    expect([...announced].toSorted()).toEqual(keys);
    await kill(second.child);
  });
});
