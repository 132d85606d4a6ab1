import { type Endpoint, queueArn } from "@dreamgrid/aws-endpoint";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { SQSClient } from "@aws-sdk/client-sqs";

import type { Log } from "../../functions/log.ts";
import { RECEIVE_LIMIT } from "../../lib/queue/message-queue.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { QUEUE_NAMES } from "../resources.ts";
import {
  type Batching,
  type EventSource,
  type EventSourceOptions,
  startEventSource,
} from "./event-source.ts";

export type SqsHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** The queues that have a handler. */
const SERVED_QUEUES = ["requests", "channels", "questions", "assembly", "channelsDead"] as const;
export type ServedQueue = (typeof SERVED_QUEUES)[number];

/** How the queues are served on this machine; the stack's figures are for the cloud. */
export type SourceTiming = Batching &
  Pick<EventSourceOptions, "concurrency" | "visibilitySeconds" | "retrySeconds">;

/** A machine that dies gives its messages back after the visibility timeout, hence a short one. */
const COMMON = {
  windowMs: 0,
  concurrency: 1,
  visibilitySeconds: 30,
  retrySeconds: () => 2,
};

/** What one receive call brings. */
const CHANNELS_AT_ONCE = RECEIVE_LIMIT;
/** At least: more than that come in calls one right after the other, as long as there are some. */
const CHANNELS_WINDOW_MS = 1_000;

const SOURCE_TIMING = {
  requests: { ...COMMON, batchSize: 1, concurrency: 4 },
  channels: { ...COMMON, batchSize: CHANNELS_AT_ONCE },
  questions: { ...COMMON, batchSize: 1 },
  // as long as results keep coming, a large job is looked at every few seconds
  assembly: { ...COMMON, batchSize: 1_000, windowMs: 5_000 },
  // retried rarely: a person has to look at it, and each try logs an error
  channelsDead: { ...COMMON, batchSize: 10, retrySeconds: () => 300 },
} as const satisfies Record<ServedQueue, SourceTiming>;

/** @param threads images that the renderer draws at once on the CPU */
function timingOf(role: ServedQueue, threads: number): SourceTiming {
  if (role !== "channels") return SOURCE_TIMING[role];
  // an image for each thread, and one batch more: while one waits for its last image, the next
  // keeps the cores busy
  return { ...SOURCE_TIMING.channels, concurrency: Math.ceil(threads / CHANNELS_AT_ONCE) + 1 };
}

/** @param images that go through the machine's card at once */
function fillingCard(usual: Batching, images: number): Batching {
  if (images <= usual.batchSize) return usual;
  return { batchSize: images, windowMs: Math.max(usual.windowMs, CHANNELS_WINDOW_MS) };
}

export interface SourcesOptions {
  readonly sqs: SQSClient;
  /** Knows the queues' addresses. */
  readonly endpoint: Pick<Endpoint, "queueUrl">;
  readonly handlers: Readonly<Partial<Record<ServedQueue, SqsHandler>>>;
  readonly timing: Readonly<Partial<Record<ServedQueue, Partial<SourceTiming>>>>;
  /** Images that the renderer draws at once on the CPU. */
  readonly threads: number;
  /** Images that go through the machine's card at once, as far as it is known by then. */
  readonly onCard: () => number;
  readonly logOf: (functionName: string) => Log;
}

/** Starts an event source for each handler given. */
export function startSources(options: SourcesOptions): EventSource {
  const { sqs, endpoint, handlers, timing, threads, onCard, logOf } = options;
  const sources = SERVED_QUEUES.flatMap((role) => {
    const handler = handlers[role];
    if (handler === undefined) return [];
    const queue = QUEUE_NAMES[role];
    const log = logOf("event source");
    const usual = { ...timingOf(role, threads), ...timing[role] };
    return startEventSource({
      ...usual,
      batching: () => (role === "channels" ? fillingCard(usual, onCard()) : usual),
      receiver: new SqsQueue(sqs, endpoint.queueUrl(queue)),
      queueArn: queueArn(queue),
      handler,
      onError: (trouble, error) => log.error(trouble, { queue, error }),
    });
  });
  return {
    stop: async () => {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}
