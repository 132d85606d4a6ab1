import { join } from "node:path";

import { ManualClock } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test } from "vitest";

import {
  EVENT_SOURCES,
  type EventSourceFigures,
  retrySeconds,
  type TIMEOUT_SECONDS,
  visibilitySecondsOf,
  workerBatchSize,
} from "../../../functions/delivery.ts";
import { parseLocalRequest } from "../../../lib/pipeline/request/request.ts";
import type { ServedQueue, SourceTiming } from "../../../local/event-sources/pipeline-sources.ts";
import { startLocalPipeline } from "../../../local/pipeline.ts";
import { QUEUE_NAMES } from "../../../local/resources.ts";
import type { JobOutcome } from "../../../local/run-events.ts";
import { runJobs } from "../../../local/run-job.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { TINY_REQUEST } from "../../support/memory-pipeline.ts";
import { silentLog } from "../../support/silent-log.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { untilTrue } from "../../support/until.ts";

/** What CDK makes the stack's queues and event sources of, for the sources of this machine. */
function timingOf(
  name: keyof typeof TIMEOUT_SECONDS,
  figures: EventSourceFigures,
): Pick<SourceTiming, Exclude<keyof SourceTiming, "retrySeconds">> {
  return {
    batchSize: figures.batchSize,
    windowMs: 1_000 * figures.batchingWindowSeconds,
    concurrency: figures.maxConcurrency,
    visibilitySeconds: visibilitySecondsOf(name),
  };
}

/** @param retry how soon a message comes back that failed, by its deliveries so far */
function stackTiming(retry: typeof retrySeconds): Record<ServedQueue, SourceTiming> {
  const worker = { batchSize: workerBatchSize(2), batchingWindowSeconds: 0, maxConcurrency: 3 };
  return {
    requests: { ...timingOf("intake", EVENT_SOURCES.intake), retrySeconds: retry },
    channels: { ...timingOf("worker", worker), retrySeconds: retry },
    questions: { ...timingOf("worker", worker), retrySeconds: retry },
    assembly: { ...timingOf("assembler", EVENT_SOURCES.assembler), retrySeconds: retry },
    channelsDead: { ...timingOf("dead-letter", EVENT_SOURCES["dead-letter"]), retrySeconds: retry },
  };
}

/**
 * Draws channels 1 to 3, of which the second fails, by a clock that stands still while anything is
 * at work.
 *
 * @param failures deliveries of channel 2 that fail
 * @returns seconds of the clock, and how the job ended
 */
async function draw(failures: number, retry = retrySeconds): Promise<[number, JobOutcome]> {
  const clock = new ManualClock();
  let givenBack = (): number => 0;
  const beforeChannel = (channel: number) => {
    if (channel === 2 && givenBack() < failures) throw new Error("503 SlowDown");
  };
  const folder = await temporaryFolder();
  const pipeline = await startLocalPipeline({
    dataFolder: join(folder, "data"),
    renderer: new FakeRenderer({ beforeChannel }),
    timing: stackTiming(retry),
    clock,
    logOf: () => silentLog,
  });
  const { endpoint } = pipeline;
  givenBack = () => endpoint.operationCounts().get("ChangeMessageVisibilityBatch") ?? 0;
  onTestFinished(async () => {
    // polls wait for the clock
    const ticking = setInterval(() => clock.advance(1_000), 5);
    await pipeline.stop();
    clearInterval(ticking);
  });
  await tinyNetwork(folder);

  let outcome: JobOutcome | undefined;
  const request = parseLocalRequest({ ...TINY_REQUEST, channels: [1, 2, 3] });
  const running = runJobs(pipeline, [request], {
    networks: { folders: [folder], cacheFolder: folder },
  });
  const ended = running.then(([first]) => (outcome = first));
  let seconds = 0;
  for (let times = 1; ; times++) {
    await untilTrue(
      () => outcome !== undefined || givenBack() >= times,
      () => "the channel was neither drawn nor given back",
    );
    if (outcome !== undefined) break;
    while (endpoint.queueCounters(QUEUE_NAMES.channels).inFlight > 0) {
      clock.advance(1_000);
      seconds++;
    }
  }
  await ended;
  return [seconds, outcome];
}

test("with the stack's figures a channel whose first delivery fails is drawn within a minute", async () => {
  const [seconds, outcome] = await draw(1);
  expect(outcome).toMatchObject({ completion: { state: "completed", ok: 3 } });
  expect(seconds).toBe(retrySeconds(1));
  expect(seconds).toBeLessThanOrEqual(60);
});

test("with the stack's figures a channel that always fails is given up within half an hour", async () => {
  const [seconds, outcome] = await draw(Number.POSITIVE_INFINITY);
  expect(outcome).toMatchObject({
    completion: { state: "completed_with_failures", ok: 2, failed: 1 },
  });
  expect(seconds).toBeGreaterThan(60);
  expect(seconds).toBeLessThanOrEqual(1_800);
});

test("left to the queue's visibility, the second delivery would take an hour and a half", async () => {
  const visibility = visibilitySecondsOf("worker");
  expect(await draw(1, () => visibility)).toMatchObject([5_400, { kind: "ended" }]);
});
