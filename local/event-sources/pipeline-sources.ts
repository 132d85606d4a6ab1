import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { SQSClient } from "@aws-sdk/client-sqs";

import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import type { QueueRole } from "../account.ts";
import type { Queues } from "../provision.ts";
import { type EventSource, type EventSourceOptions, startEventSource } from "./event-source.ts";

export type SqsHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/** How the queues are served on this machine; the stack's figures are for the cloud. */
export type SourceTiming = Pick<
  EventSourceOptions,
  "batchSize" | "batchingWindowMs" | "concurrency" | "visibilitySeconds" | "retrySeconds"
>;

/** A machine that dies gives its messages back after the visibility timeout, hence a short one. */
const COMMON = { batchingWindowMs: 0, concurrency: 1, visibilitySeconds: 30, retrySeconds: 2 };

export const SOURCE_TIMING = {
  requests: { ...COMMON, batchSize: 1, concurrency: 4 },
  // two groups at a time: while one is waiting for its last image, the next keeps the cores busy
  channels: { ...COMMON, batchSize: 10, concurrency: 2 },
  assembly: { ...COMMON, batchSize: 1_000, batchingWindowMs: 250 },
  channelsDead: { ...COMMON, batchSize: 10 },
} as const satisfies Partial<Record<QueueRole, SourceTiming>>;

export type ServedQueue = keyof typeof SOURCE_TIMING;

export interface SourcesOptions {
  readonly sqs: SQSClient;
  readonly queues: Queues;
  readonly handlers: Readonly<Partial<Record<ServedQueue, SqsHandler>>>;
  readonly timing?: Readonly<Partial<Record<ServedQueue, Partial<SourceTiming>>>>;
  readonly onError: (queue: ServedQueue, error: unknown) => void;
}

/** Starts an event source for each handler given. */
export function startSources(options: SourcesOptions): EventSource {
  const { sqs, queues, handlers, timing = {}, onError } = options;
  const sources = Object.entries(SOURCE_TIMING).flatMap(([name, defaults]) => {
    const queue = name as ServedQueue;
    const handler = handlers[queue];
    if (handler === undefined) return [];
    const { url, arn } = queues[queue];
    return startEventSource({
      ...defaults,
      ...timing[queue],
      receiver: new SqsQueue(sqs, url),
      queueArn: arn,
      handler,
      onError: (error) => onError(queue, error),
    });
  });
  return {
    stop: async () => {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}
