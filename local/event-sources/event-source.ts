import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { setTimeout as sleep } from "node:timers/promises";

import type { MessageReceiver, ReceivedMessage } from "../../lib/queue/message-queue.ts";
import { keepInvisible } from "./heartbeat.ts";
import { toSqsEvent } from "./sqs-event.ts";

/** A queue wired to a handler, as Lambda's event source mapping does it. */
export interface EventSourceOptions {
  readonly receiver: MessageReceiver;
  readonly queueArn: string;
  readonly handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  /** Most messages of one event. More than 10 take several receive calls, within the window. */
  readonly batchSize: number;
  /** How long to gather messages after the first one, while more keep coming. */
  readonly batchingWindowMs: number;
  /** Handlers running at a time. */
  readonly concurrency: number;
  /** Messages not deleted come back after this time; it is prolonged while their handler runs. */
  readonly visibilitySeconds: number;
  /** How soon a failed message comes back. */
  readonly retrySeconds: number;
  /** Trouble with the queue or the handler; the source goes on. */
  readonly onError: (error: unknown) => void;
}

export interface EventSource {
  /**
   * Takes no further messages and resolves when the handlers at work have ended. A poll is never cut
   * off, as it may be carrying messages: it comes to its end, and those are given back.
   */
  stop(): Promise<void>;
}

/** SQS gives up to 10 messages a call. */
const RECEIVE_LIMIT = 10;
/** Short, because `stop` waits for it. */
const POLL_SECONDS = 1;
/** Between receive calls within the batching window, so that each brings several messages. */
const GATHER_PAUSE_MS = 100;
const PAUSE_AFTER_ERROR_MS = 500;

export function startEventSource(options: EventSourceOptions): EventSource {
  const stopping = new AbortController();
  const lanes = Array.from({ length: options.concurrency }, () =>
    runLane(options, stopping.signal),
  );
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(lanes);
    },
  };
}

async function runLane(options: EventSourceOptions, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const messages = await gather(options, stop);
      if (stop.aborted) await giveBack(options.receiver, messages, 0);
      else if (messages.length > 0) await deliver(options, messages);
    } catch (error) {
      options.onError(error);
      await sleep(PAUSE_AFTER_ERROR_MS);
    }
  }
}

/** Polls until there is a message, then until the batch is full, its window over or no more come. */
async function gather(
  { receiver, batchSize, batchingWindowMs, visibilitySeconds }: EventSourceOptions,
  stop: AbortSignal,
): Promise<readonly ReceivedMessage[]> {
  const receive = (maxMessages: number, waitSeconds: number) =>
    receiver.receive({
      maxMessages: Math.min(RECEIVE_LIMIT, maxMessages),
      waitSeconds,
      visibilitySeconds,
    });
  let latest = await receive(batchSize, POLL_SECONDS);
  const messages = [...latest];
  const windowEnd = Date.now() + batchingWindowMs;
  const mayGrow = () => messages.length < batchSize && Date.now() < windowEnd && !stop.aborted;
  while (latest.length > 0 && mayGrow()) {
    if (latest.length < RECEIVE_LIMIT) await sleep(GATHER_PAUSE_MS);
    latest = await receive(batchSize - messages.length, 0);
    messages.push(...latest);
  }
  return messages;
}

async function deliver(
  options: EventSourceOptions,
  messages: readonly ReceivedMessage[],
): Promise<void> {
  const { receiver, retrySeconds } = options;
  const failed = await invoke(options, messages);
  const done = messages.filter(({ messageId }) => !failed.has(messageId));
  await receiver.deleteAll(done.map(({ receiptHandle }) => receiptHandle));
  const again = messages.filter(({ messageId }) => failed.has(messageId));
  await giveBack(receiver, again, retrySeconds);
}

/** Ids of the messages that failed: those the handler names, or all if it throws. */
async function invoke(
  options: EventSourceOptions,
  messages: readonly ReceivedMessage[],
): Promise<ReadonlySet<string>> {
  const { receiver, queueArn, handler, visibilitySeconds, onError } = options;
  using _ = keepInvisible(receiver, messages, visibilitySeconds, onError);
  try {
    const { batchItemFailures } = await handler(toSqsEvent(messages, queueArn));
    return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  } catch (error) {
    onError(error);
    return new Set(messages.map(({ messageId }) => messageId));
  }
}

async function giveBack(
  receiver: MessageReceiver,
  messages: readonly ReceivedMessage[],
  seconds: number,
): Promise<void> {
  const handles = messages.map(({ receiptHandle }) => receiptHandle);
  await receiver.changeVisibility(handles, seconds);
}
