import { join } from "node:path";

import { ManualClock, queueArn, startEndpoint } from "@dreamgrid/aws-endpoint";
import { expect, onTestFinished, test } from "vitest";

import { retrySeconds, visibilitySecondsOf } from "../../functions/delivery.ts";
import { createHandler as createDeadLetter } from "../../functions/dead-letter/handler.ts";
import { redeliverSoon } from "../../functions/redeliver-soon.ts";
import { createHandler as createWorker } from "../../functions/worker/handler.ts";
import type { ReceivedMessage } from "../../lib/queue/message-queue.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { toSqsEvent } from "../../local/event-sources/sqs-event.ts";
import { localConnection, QUEUE_NAMES, QUEUES } from "../../local/resources.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { FakeRenderer, untilStopped } from "../support/fake-renderer.ts";
import { memoryPipeline } from "../support/memory-pipeline.ts";
import { silentLog } from "../support/silent-log.ts";

const STEP_SECONDS = 15;

/** What a call that is killed answers: nothing. */
const NO_ANSWER = Symbol("killed");

interface CloudOptions {
  /** As FakeRenderer's; `die` ends the call as a killed process would end it. */
  readonly beforeChannel: (channel: number, die: () => Promise<void>) => unknown;
  /** Before the channels are begun. @default nothing happens */
  readonly beforeBegin?: CloudOptions["beforeChannel"];
  /** @default true */
  readonly redelivers?: boolean;
}

/** The stack's channel queue with its figures, Lambda's part played by hand, time by a clock. */
async function cloudWorker({ beforeChannel, beforeBegin, redelivers = true }: CloudOptions) {
  const folder = await temporaryFolder();
  const pipeline = await memoryPipeline({ folder });
  const clock = new ManualClock();
  const endpoint = await startEndpoint({
    dataFolder: join(folder, "data"),
    queues: QUEUES.map((queue) => ({
      ...queue,
      visibilityTimeoutSeconds: visibilitySecondsOf("worker"),
    })),
    clock,
  });
  onTestFinished(() => endpoint.close());
  const sqs = createSqsClient(localConnection(endpoint.url));
  const queueOf = (name: string) => new SqsQueue(sqs, endpoint.queueUrl(name));
  const channels = queueOf(QUEUE_NAMES.channels);
  const dead = queueOf(QUEUE_NAMES.channelsDead);

  let onDeath: (answer: typeof NO_ANSWER) => void = () => undefined;
  const over = new AbortController();
  onTestFinished(() => over.abort(new Error("the test is over")));
  const isOver = untilStopped(over.signal);
  const die = async () => {
    onDeath(NO_ANSWER);
    await isOver;
    throw over.signal.reason;
  };
  const fake = new FakeRenderer({ beforeChannel: (channel) => beforeChannel(channel, die) });
  const renderer: Renderer = {
    render: async (task, given) => {
      for (const channel of task.channels) await beforeBegin?.(channel, die);
      return fake.render(task, given);
    },
    examine: () => fake.examine(),
    close: () => fake.close(),
  };
  const render = createWorker({ ...pipeline.renderDeps(renderer), log: silentLog });
  const soon = redeliverSoon(render, { receiver: channels, log: silentLog });
  const worker = redelivers ? soon : render;
  const deadLetter = createDeadLetter({ ...pipeline.deps, log: silentLog });
  const context = { getRemainingTimeInMillis: () => 900_000 };
  const eventOf = (...messages: readonly ReceivedMessage[]) =>
    toSqsEvent(messages, queueArn(QUEUE_NAMES.channels));
  const take = (queue: SqsQueue) => queue.receive({ maxMessages: 10, waitSeconds: 0 });

  async function lookAtQueues(): Promise<void> {
    for (const message of await take(channels)) {
      const death = new Promise<typeof NO_ANSWER>((resolve) => (onDeath = resolve));
      const answer = await Promise.race([worker(eventOf(message), context), death]);
      const isDone = answer !== NO_ANSWER && answer.batchItemFailures.length === 0;
      if (isDone) await channels.deleteAll([message.receiptHandle]);
    }
    await deadLetter(eventOf(...(await take(dead))));
  }

  return {
    /** Seconds of the clock until the channel has ended; `limit` if it has not. */
    async secondsUntilEnd(channel: number, limit: number): Promise<[number, string | undefined]> {
      const { jobId } = await pipeline.accept({ channels: [1, 2] });
      await channels.sendAll(pipeline.cpu.sent);
      const job = pipeline.jobs.open(jobId);
      let seconds = 0;
      while (seconds < limit && !(await job.hasEnded(channel))) {
        await lookAtQueues();
        clock.advance(STEP_SECONDS * 1_000);
        seconds += STEP_SECONDS;
      }
      return [seconds, (await job.findResult(channel))?.state];
    },
  };
}

/** Fails the first delivery of channel 2. */
function failOnce() {
  const failing = new Set([2]);
  return (channel: number) => {
    if (failing.delete(channel)) throw new Error("503 SlowDown");
  };
}

test("a channel whose first delivery fails is drawn again within a minute", async () => {
  const cloud = await cloudWorker({ beforeChannel: failOnce() });
  const [seconds, state] = await cloud.secondsUntilEnd(2, 3_600);
  expect(state).toBe("ok");
  expect(seconds).toBeLessThanOrEqual(60);
});

test("left to the queue alone, it would not be within a quarter of an hour", async () => {
  const cloud = await cloudWorker({ beforeChannel: failOnce(), redelivers: false });
  expect(await cloud.secondsUntilEnd(2, 900)).toEqual([900, undefined]);
});

test("a channel whose first worker is killed is drawn again within a minute", async () => {
  const killing = new Set([2]);
  const cloud = await cloudWorker({
    beforeChannel: (channel, die) => (killing.delete(channel) ? die() : undefined),
  });
  const [seconds, state] = await cloud.secondsUntilEnd(2, 3_600);
  expect(state).toBe("ok");
  expect(seconds).toBeLessThanOrEqual(60);
});

test.each(["throws", "kills its worker", "throws unbegun", "kills its worker unbegun"])(
  "a channel that always %s is given up within half an hour",
  async (what) => {
    const poison: CloudOptions["beforeChannel"] = (channel, die) => {
      if (channel !== 2) return undefined;
      if (what.startsWith("throws")) throw new Error("no gradient");
      return die();
    };
    const nothing = () => undefined;
    const cloud = await cloudWorker(
      what.endsWith("unbegun")
        ? { beforeChannel: nothing, beforeBegin: poison }
        : { beforeChannel: poison },
    );
    const [seconds, state] = await cloud.secondsUntilEnd(2, 3_600);
    expect(state).toBe("failed");
    expect(seconds).toBeLessThanOrEqual(1_800);
  },
);

test("a failed message waits longer each time, up to a minute", () => {
  expect([1, 2, 3, 4, 5, 12].map(retrySeconds)).toEqual([5, 15, 45, 60, 60, 60]);
});
