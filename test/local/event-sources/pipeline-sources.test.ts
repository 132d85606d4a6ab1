import { ManualClock, startEndpoint } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test, vi } from "vitest";

import { createSqsClient } from "../../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../../lib/queue/sqs-queue.ts";
import { type ServedQueue, startSources } from "../../../local/event-sources/pipeline-sources.ts";
import { localConnection, QUEUE_NAMES, QUEUES } from "../../../local/resources.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { silentLog } from "../../support/memory-pipeline.ts";
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
