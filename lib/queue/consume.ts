import { setTimeout as sleep } from "node:timers/promises";

import { giveBack, handlesOf } from "./give-back.ts";
import { keepInvisible, type WorkLimit } from "./keep-invisible.ts";
import { type MessageReceiver, RECEIVE_LIMIT, type ReceivedMessage } from "./message-queue.ts";

/** How the messages of one batch are gathered. */
export interface Gathering {
  /** Most messages of a batch; more than 10 take several receive calls. */
  readonly batchSize: number;
  /**
   * How long a receive call waits for the first message, in seconds, 0 to 20. A stop waits for it.
   */
  readonly pollSeconds: number;
  /** How long to gather after the first call, while more messages keep coming. */
  readonly windowMs: number;
  /** Before a further call, where the latest did not bring all it could. */
  readonly pauseMs: number;
}

export type ConsumerTrouble = "queue out of reach" | "heartbeat missed" | "batch not handled";

export interface ConsumeOptions {
  readonly receiver: MessageReceiver;
  /** Asked before each batch. */
  readonly gathering: () => Gathering;
  /** Messages not deleted come back after this time; it is prolonged while they are handled. */
  readonly visibilitySeconds: number;
  /** How soon a message comes back that failed, by its deliveries so far, from 1. */
  readonly retrySeconds: (receiveCount: number) => number;
  readonly pauseAfterErrorMs: number;
  /** @default none */
  readonly workLimit?: WorkLimit;
  /** Told the size of each batch before it is handled, and 0 when a poll brought nothing. */
  readonly onBatch?: (size: number) => void;
  /** Resolves to the ids of the messages that failed. If it throws, all of them did. */
  readonly handle: (messages: readonly ReceivedMessage[]) => Promise<readonly string[]>;
  /** The consumer goes on, whatever happens. */
  readonly onError: (trouble: ConsumerTrouble, error: unknown) => void;
}

/**
 * Receives messages in batches and has them handled, one batch at a time, until told to stop. They
 * stay invisible meanwhile. Then those that are done with are deleted, and the failed ones are
 * given back for later. Whatever happens, a message is deleted or delivered again.
 *
 * A poll is never cut off, as it may be carrying messages: what comes after the stop is given back.
 */
export async function consume(options: ConsumeOptions, stop: AbortSignal): Promise<void> {
  const { receiver, onBatch, onError, pauseAfterErrorMs } = options;
  while (!stop.aborted) {
    try {
      const messages = await gather(options, stop);
      onBatch?.(messages.length);
      if (messages.length === 0) continue;
      if (stop.aborted) await receiver.changeVisibility(handlesOf(messages), 0);
      else await work(messages, options);
    } catch (error) {
      onError("queue out of reach", error);
      await pause(pauseAfterErrorMs, stop);
    }
  }
}

/**
 * Polls until there is a message, then until the batch is full, its window over or no more come.
 */
async function gather(
  { receiver, gathering, visibilitySeconds, onError }: ConsumeOptions,
  stop: AbortSignal,
): Promise<readonly ReceivedMessage[]> {
  const { batchSize, pollSeconds, windowMs, pauseMs } = gathering();
  const receive = (wanted: number, waitSeconds: number) =>
    receiver.receive({
      maxMessages: Math.min(RECEIVE_LIMIT, wanted),
      waitSeconds,
      visibilitySeconds,
    });
  let latest = await receive(batchSize, pollSeconds);
  const messages = [...latest];
  const windowEnd = Date.now() + windowMs;
  const mayGrow = () => messages.length < batchSize && Date.now() < windowEnd && !stop.aborted;
  while (latest.length > 0 && mayGrow()) {
    if (pauseMs > 0 && latest.length < RECEIVE_LIMIT) await pause(pauseMs, stop);
    latest = await receive(batchSize - messages.length, 0).catch((error: unknown) => {
      // those in hand would lie invisible until their time is over
      onError("queue out of reach", error);
      return [];
    });
    messages.push(...latest);
  }
  return messages;
}

async function work(messages: readonly ReceivedMessage[], options: ConsumeOptions): Promise<void> {
  const failed = await handle(messages, options);
  const { receiver, retrySeconds } = options;
  const done = messages.filter(({ messageId }) => !failed.has(messageId));
  const again = messages.filter(({ messageId }) => failed.has(messageId));
  await receiver.deleteAll(handlesOf(done));
  await giveBack(receiver, again, ({ receiveCount }) => retrySeconds(receiveCount));
}

async function handle(
  messages: readonly ReceivedMessage[],
  options: ConsumeOptions,
): Promise<ReadonlySet<string>> {
  const { onError } = options;
  await using _ = keepInvisible(messages, {
    ...options,
    onError: (error) => onError("heartbeat missed", error),
  });
  try {
    return new Set(await options.handle(messages));
  } catch (error) {
    onError("batch not handled", error);
    return new Set(messages.map(({ messageId }) => messageId));
  }
}

/** Shorter if the signal comes. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
