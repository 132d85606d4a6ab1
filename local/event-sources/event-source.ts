import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import { consume, type ConsumeOptions, type Gathering } from "../../lib/queue/consume.ts";
import { toSqsEvent } from "./sqs-event.ts";

/** How many messages make one event. */
export type Batching = Pick<Gathering, "batchSize" | "windowMs">;

/** A queue wired to a handler, as Lambda's event source mapping does it. */
export interface EventSourceOptions extends Pick<
  ConsumeOptions,
  "receiver" | "visibilitySeconds" | "retrySeconds" | "onError"
> {
  readonly queueArn: string;
  readonly handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  /** Asked before each event, for what is other by then. */
  readonly batching: () => Batching;
  /** Handlers running at a time: at first one, and one more whenever there is work. */
  readonly concurrency: number;
}

export interface EventSource {
  /**
   * Takes no further messages and resolves when the handlers at work have ended, and the polls:
   * the endpoint can end those at once.
   */
  stop(): Promise<void>;
}

/** As long as SQS lets a poll wait: each takes a few milliseconds of a core. */
const POLL_SECONDS = 20;
/** Between receive calls within the batching window, so that each brings several messages. */
const GATHER_PAUSE_MS = 100;
/** The queue is on this machine: it is there again soon, or not at all. */
const PAUSE_AFTER_ERROR_MS = 500;

export function startEventSource(options: EventSourceOptions): EventSource {
  const { receiver, queueArn, handler, batching, concurrency } = options;
  const { visibilitySeconds, retrySeconds, onError } = options;
  const stopping = new AbortController();
  const consumers: Promise<void>[] = [];
  const addConsumer = () => {
    if (consumers.length === concurrency || stopping.signal.aborted) return;
    const consumer = consume(
      {
        receiver,
        gathering: () => ({ ...batching(), pollSeconds: POLL_SECONDS, pauseMs: GATHER_PAUSE_MS }),
        visibilitySeconds,
        retrySeconds,
        pauseAfterErrorMs: PAUSE_AFTER_ERROR_MS,
        handle: async (messages) => {
          addConsumer();
          const { batchItemFailures } = await handler(toSqsEvent(messages, queueArn));
          return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
        },
        onError,
      },
      stopping.signal,
    );
    consumers.push(consumer);
  };
  addConsumer();
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(consumers);
    },
  };
}
