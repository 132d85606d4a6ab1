import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { ManualClock } from "../src/clock.ts";
import { startEndpoint } from "../src/endpoint.ts";
import { type FaultPlan, fatesOf } from "../src/faults.ts";
import { queueClient } from "./support/queue-client.ts";
import { newFolder, sqsAt } from "./support/target.ts";

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

const MESSAGES = 500;
const PLAN: FaultPlan = {
  seed: 7,
  queues: { work: { duplicated: 0.05, delayed: 0.05, droppedThenRedelivered: 0.02 } },
};

/** Sends 500 messages and consumes them, deleting each, until nothing more comes. */
async function consumeAll(faults: FaultPlan | undefined) {
  const clock = new ManualClock();
  const endpoint = await startEndpoint({
    dataFolder: folder,
    clock,
    queues: [{ name: "work", visibilityTimeoutSeconds: 30 }],
    ...(faults === undefined ? {} : { faults }),
  });
  const sqs = sqsAt(endpoint.url, CREDENTIALS);
  const { receive, remove } = queueClient(sqs);
  const queue = { url: endpoint.queueUrl("work") };
  for (let i = 0; i < MESSAGES; i += 10) {
    const Entries = Array.from({ length: 10 }, (_, j) => ({ Id: `${j}`, MessageBody: `${i + j}` }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
  const deliveries: string[] = [];
  for (let quiet = 0; quiet < 2; clock.advance(quiet === 0 ? 0 : 40_000)) {
    const messages = await receive(queue);
    deliveries.push(...messages.map(({ Body = "" }) => Body));
    await Promise.all(messages.map((message) => remove(queue, message)));
    quiet = messages.length === 0 ? quiet + 1 : 0;
  }
  const counters = endpoint.queueCounters("work");
  await endpoint.close();
  return { deliveries, counters };
}

const fates = (seed: number) => {
  const next = fatesOf({ ...PLAN, seed }, "work");
  return Array.from({ length: 200 }, () => next({}));
};

describe("a fault plan", () => {
  test("duplicates, delays and drops, but loses nothing", async () => {
    const { deliveries, counters } = await consumeAll(PLAN);
    expect(new Set(deliveries).size).toBe(MESSAGES);
    expect(deliveries).toHaveLength(MESSAGES + counters.duplicated);
    // binomial: 500 x 5 % = 25 +- 5, 500 x 2 % = 10 +- 3; three sigmas
    expect(Math.abs(counters.duplicated - 25)).toBeLessThan(15);
    expect(Math.abs(counters.delayed - 25)).toBeLessThan(15);
    expect(Math.abs(counters.dropped - 10)).toBeLessThan(10);
    expect(counters.dropped).toBeGreaterThan(0);
    expect(counters).toMatchObject({ visible: 0, inFlight: 0, waiting: 0, deadLettered: 0 });
  });

  test("delays and drops what it says until its time (control: the clock does not move)", async () => {
    const clock = new ManualClock();
    const endpoint = await startEndpoint({
      dataFolder: folder,
      clock,
      queues: [{ name: "work", visibilityTimeoutSeconds: 30 }],
      faults: { seed: 1, queues: { work: { droppedThenRedelivered: 1 } } },
    });
    const { send, receive } = queueClient(sqsAt(endpoint.url, CREDENTIALS));
    const queue = { url: endpoint.queueUrl("work") };
    await send(queue, "x");
    expect(await receive(queue)).toEqual([]);
    clock.advance(29_000);
    expect(await receive(queue)).toEqual([]);
    clock.advance(1_000);
    const [message] = await receive(queue);
    expect(message?.Attributes?.ApproximateReceiveCount).toBe("2");
    await endpoint.close();
  });

  test("spares other queues, and without a plan nothing goes wrong", async () => {
    const certain = { seed: 7, queues: { work: { duplicated: 1 } } };
    expect(fatesOf(certain, "work")({})).toMatchObject({ kind: "duplicated" });
    expect(fatesOf(certain, "other")({})).toEqual({ kind: "delivered" });
    const { deliveries, counters } = await consumeAll(undefined);
    expect(deliveries).toHaveLength(MESSAGES);
    expect(counters).toMatchObject({ duplicated: 0, delayed: 0, dropped: 0 });
  });

  test("is the same for the same seed, and another for another", () => {
    expect(fates(7)).toEqual(fates(7));
    expect(fates(7)).not.toEqual(fates(8));
  });

  test("with fractions above 1 is refused", () => {
    const plan = { seed: 1, queues: { work: { duplicated: 0.7, delayed: 0.7 } } };
    expect(() => fatesOf(plan, "work")).toThrow(/sum at most 1/);
  });
});
