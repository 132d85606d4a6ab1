import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { afterAll, describe, expect, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { ManualClock } from "../src/clock.ts";
import { startEndpoint } from "../src/endpoint.ts";
import type { MessageDraft } from "../src/sqs/message.ts";
import { Queues } from "../src/sqs/queues.ts";
import { newFolder, s3At } from "./support/target.ts";

const folder = await newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

// done in a second; a scan of the whole queue for each message would take a quarter of an hour, and
// the test's time-out would end it
const MESSAGES = 20_000;

const draft = (groupId: string): MessageDraft => ({
  body: JSON.stringify({ groupId }),
  attributes: {},
  delaySeconds: null,
  groupId,
  traceHeader: null,
});

function newQueue() {
  const clock = new ManualClock();
  const queues = new Queues({
    folder: mkdtempSync(join(folder, "queues-")),
    clock,
    faults: undefined,
  });
  return { clock, queue: queues.create("work", {}) };
}

describe("20,000 messages", () => {
  test("are sent, received and deleted", () => {
    const { queue } = newQueue();
    let received = 0;
    for (let i = 0; i < MESSAGES; i++) queue.send(draft("a"));
    for (let batch = queue.receive(10, 30); batch.length > 0; batch = queue.receive(10, 30)) {
      for (const { receipt } of batch) queue.delete(receipt);
      received += batch.length;
    }
    expect(received).toBe(MESSAGES);
    expect(queue.counters()).toMatchObject({ visible: 0, inFlight: 0 });
  });

  test("of as many groups are served", () => {
    const { queue } = newQueue();
    for (let i = 0; i < MESSAGES; i++) queue.send(draft(`group-${i}`));
    while (queue.receive(10, 30).length > 0);
    expect(queue.counters().inFlight).toBe(MESSAGES);
  });

  test("of one group let 6 of another through within two receives", () => {
    const { queue } = newQueue();
    for (let i = 0; i < MESSAGES; i++) queue.send(draft("large"));
    for (let i = 0; i < 6; i++) queue.send(draft("small"));
    const served = [...queue.receive(10, 30), ...queue.receive(10, 30)];
    expect(served.filter(({ message }) => message.groupId === "small")).toHaveLength(6);
  });

  test("all become visible again when their time is over", () => {
    const { queue, clock } = newQueue();
    for (let i = 0; i < MESSAGES; i++) queue.send(draft("a"));
    while (queue.receive(10, 30).length > 0);
    clock.advance(30_000);
    expect(queue.counters()).toMatchObject({ visible: MESSAGES, inFlight: 0 });
  });
});

test("3,000 keys are found on disk and listed, in order, each once, on three pages", async () => {
  const dataFolder = join(folder, "data");
  const keys = Array.from({ length: 3_000 }, (_, i) => `tiles/${String(i).padStart(5, "0")}.png`);
  mkdirSync(join(dataFolder, "large/tiles"), { recursive: true });
  for (const key of [...keys, "other"]) writeFileSync(join(dataFolder, "large", key), "x");

  const endpoint = await startEndpoint({ dataFolder, buckets: [{ name: "large" }] });
  const client = s3At(endpoint.url, { credentials: CREDENTIALS });
  const listed: (string | undefined)[] = [];
  let count = 0;
  const pages = paginateListObjectsV2({ client }, { Bucket: "large", Prefix: "tiles/" });
  for await (const { Contents = [] } of pages) {
    listed.push(...Contents.map(({ Key }) => Key));
    count++;
  }
  await endpoint.close();
  expect([listed, count]).toEqual([keys, 3]);
});
