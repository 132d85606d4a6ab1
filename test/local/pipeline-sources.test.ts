import { ManualClock, startEndpoint } from "@dreamgrid/aws-endpoint";
import { afterEach, expect, test } from "vitest";

import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { type ServedQueue, startSources } from "../../local/event-sources/pipeline-sources.ts";
import { localConnection, QUEUE_NAMES, QUEUES } from "../../local/resources.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { silentLog } from "../support/memory-pipeline.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** How often a handler that refuses everything has been called, at several times in seconds. */
async function callsAt(role: ServedQueue, seconds: readonly number[]): Promise<number[]> {
  const dataFolder = await temporaryFolder();
  const clock = new ManualClock();
  const endpoint = await startEndpoint({ dataFolder, queues: QUEUES, clock });
  cleanups.push(() => endpoint.close());
  const sqs = createSqsClient(localConnection(endpoint.url));
  let calls = 0;
  const refuse = async () => {
    calls++;
    throw new Error("not understood");
  };
  const sources = startSources({
    sqs,
    endpoint,
    handlers: { [role]: refuse },
    timing: {},
    logOf: () => silentLog,
  });
  cleanups.push(() => {
    const stopped = sources.stop();
    clock.advance(1_000);
    return stopped;
  });
  await new SqsQueue(sqs, endpoint.queueUrl(QUEUE_NAMES[role])).sendAll([{ body: "x" }]);
  const counts: number[] = [];
  let now = 0;
  for (const second of seconds) {
    clock.advance(1_000 * (second - now));
    now = second;
    await new Promise((resolve) => setTimeout(resolve, 300));
    counts.push(calls);
  }
  return counts;
}

test("what the dead-letter handler refuses comes back after minutes, not seconds", async () => {
  expect(await callsAt("channelsDead", [0, 100, 301])).toEqual([1, 1, 2]);
});

test("what a worker refuses comes back after seconds (control)", async () => {
  expect(await callsAt("channels", [0, 1, 3])).toEqual([1, 1, 2]);
});
