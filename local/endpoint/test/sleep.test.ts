import { rmSync } from "node:fs";

import { ChangeMessageVisibilityCommand } from "@aws-sdk/client-sqs";
import { expect, onTestFinished, test, vi } from "vitest";

import { CREDENTIALS } from "../src/account.ts";
import { SteadyClock } from "../src/clock.ts";
import { startEndpoint } from "../src/endpoint.ts";
import { queueClient } from "./support/queue-client.ts";
import { newFolder, sqsAt } from "./support/target.ts";

const HOUR_MS = 3_600_000;

test("a steady clock goes on where it was after a time in which its process did not run", () => {
  let elapsedMs = 7_000;
  const clock = new SteadyClock(() => elapsedMs);
  onTestFinished(() => clock.stop());
  const start = clock.now();
  elapsedMs += 1_500;
  expect(clock.now() - start).toBe(1_500);
  elapsedMs += HOUR_MS;
  expect(clock.now() - start).toBe(3_500);
  elapsedMs += 10;
  expect(clock.now() - start).toBe(3_510);
});

test("who works on a message while the machine sleeps still has it, and nobody else has", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const dataFolder = await newFolder();
  const endpoint = await startEndpoint({ dataFolder, queues: [{ name: "work" }] });
  onTestFinished(async () => {
    vi.useRealTimers();
    await endpoint.close();
    rmSync(dataFolder, { recursive: true });
  });
  const sqs = sqsAt(endpoint.url, CREDENTIALS);
  const { send, receive } = queueClient(sqs);
  const queue = { url: endpoint.queueUrl("work") };
  await send(queue, "x");
  const [message] = await receive(queue, { VisibilityTimeout: 600 });
  vi.setSystemTime(Date.now() + HOUR_MS);
  expect(await receive(queue)).toEqual([]);
  const { ReceiptHandle } = message!;
  const more = { QueueUrl: queue.url, ReceiptHandle, VisibilityTimeout: 900 };
  await sqs.send(new ChangeMessageVisibilityCommand(more));
  expect(endpoint.queueCounters("work")).toMatchObject({ visible: 0, inFlight: 1 });
});
