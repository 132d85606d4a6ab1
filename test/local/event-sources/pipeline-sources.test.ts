import { ManualClock, startEndpoint } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test, vi } from "vitest";

import { createSqsClient } from "../../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../../lib/queue/sqs-queue.ts";
import { type ServedQueue, startSources } from "../../../local/event-sources/pipeline-sources.ts";
import { localConnection, QUEUE_NAMES, QUEUES } from "../../../local/resources.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { silentLog } from "../../support/silent-log.ts";
import { untilTrue } from "../../support/until.ts";

/** After how many seconds a message comes back that the handler refuses. */
async function secondsUntilBack(role: ServedQueue): Promise<number> {
  const clock = new ManualClock();
  const dataFolder = await temporaryFolder();
  const endpoint = await startEndpoint({ dataFolder, queues: QUEUES, clock });
  const sqs = createSqsClient(localConnection(endpoint.url));
  const handler = vi.fn(() => Promise.reject(new Error("not understood")));
  const sources = startSources({
    sqs,
    endpoint,
    handlers: { [role]: handler },
    timing: {},
    threads: 2,
    onCard: () => 0,
    logOf: () => silentLog,
  });
  // together: polls wait for a clock that stands still, and the endpoint's end ends them
  onTestFinished(async () => {
    await Promise.all([sources.stop(), endpoint.close()]);
  });
  const queue = QUEUE_NAMES[role];
  await new SqsQueue(sqs, endpoint.queueUrl(queue)).sendAll([{ body: "x" }]);
  await untilTrue(
    () => endpoint.operationCounts().get("ChangeMessageVisibilityBatch") === 1,
    () => "the message was not given back",
  );
  expect(handler).toHaveBeenCalledTimes(1);
  let seconds = 0;
  while (endpoint.queueCounters(queue).inFlight > 0) {
    clock.advance(1_000);
    seconds++;
  }
  await untilTrue(
    () => handler.mock.calls.length === 2,
    () => "the message did not come back",
  );
  return seconds;
}

test("what the dead-letter handler refuses comes back after minutes, not seconds", async () => {
  expect(await secondsUntilBack("channelsDead")).toBe(300);
});

test("what a worker refuses comes back after seconds (control)", async () => {
  expect(await secondsUntilBack("channels")).toBe(2);
});

/** Sizes of the events that 40 channels come in. */
async function eventSizes(onCard: () => number): Promise<readonly number[]> {
  const endpoint = await startEndpoint({ dataFolder: await temporaryFolder(), queues: QUEUES });
  const sqs = createSqsClient(localConnection(endpoint.url));
  const bodies = Array.from({ length: 40 }, (_, i) => ({ body: `${i}` }));
  await new SqsQueue(sqs, endpoint.queueUrl(QUEUE_NAMES.channels)).sendAll(bodies);
  const sizes: number[] = [];
  const received = () => sizes.reduce((sum, size) => sum + size, 0);
  const sources = startSources({
    sqs,
    endpoint,
    handlers: {
      channels: async ({ Records }) => {
        sizes.push(Records.length);
        return { batchItemFailures: [] };
      },
    },
    // only against hangs: a batch is over where no more come
    timing: { channels: { windowMs: 600_000 } },
    threads: 2,
    onCard,
    logOf: () => silentLog,
  });
  await untilTrue(
    () => received() === bodies.length,
    () => `${received()} channels have come`,
  );
  const stopped = sources.stop();
  endpoint.endLongPolls();
  await Promise.all([stopped, endpoint.close()]);
  return sizes;
}

test("channels come ten at a time, and as many as a card takes from when it is known", async () => {
  expect(await eventSizes(() => 0)).toEqual([10, 10, 10, 10]);
  expect(await eventSizes(() => 1)).toEqual([10, 10, 10, 10]);
  expect((await eventSizes(() => 32))[0]).toBe(32);
  let asked = 0;
  const [first, ...later] = await eventSizes(() => (asked++ === 0 ? 0 : 32));
  expect(first).toBe(10);
  // two consumers share what is left
  expect(Math.max(...later)).toBeGreaterThan(10);
});
