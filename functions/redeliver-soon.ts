import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

import { giveBack, handlesOf } from "../lib/queue/give-back.ts";
import { keepInvisible } from "../lib/queue/keep-invisible.ts";
import type { MessageReceiver } from "../lib/queue/message-queue.ts";
import { HELD_SECONDS, retrySeconds } from "./delivery.ts";
import type { Log } from "./log.ts";

/** What a handler reads of its invocation. */
export type CallContext = Pick<Context, "getRemainingTimeInMillis">;
type QueueHandler = (event: SQSEvent, context?: CallContext) => Promise<SQSBatchResponse>;

export interface RedeliverDeps {
  /** The queue that feeds the function. */
  readonly receiver: Pick<MessageReceiver, "changeVisibility">;
  readonly log: Log;
}

/**
 * A handler whose failed messages come back in seconds, and those of a killed call within
 * HELD_SECONDS. Lambda alone would leave them to the queue's visibility timeout, six times the
 * function's: an hour and a half for the worker.
 *
 * A call to the queue that fails is logged; it costs no more than that wait.
 */
export function redeliverSoon(
  handler: QueueHandler,
  { receiver, log }: RedeliverDeps,
): QueueHandler {
  const missed = (error: unknown) => log.error("visibility not changed", { error });

  const again = (records: readonly SQSRecord[]) =>
    giveBack(receiver, records, ({ attributes }) =>
      retrySeconds(Number(attributes.ApproximateReceiveCount)),
    ).catch(missed);

  return async (event, context) => {
    const { Records } = event;
    await receiver.changeVisibility(handlesOf(Records), HELD_SECONDS).catch(missed);
    const keeping = keepInvisible(Records, {
      receiver,
      visibilitySeconds: HELD_SECONDS,
      onError: missed,
    });
    try {
      const response = await handler(event, context);
      await keeping[Symbol.asyncDispose]();
      const failed = new Set(response.batchItemFailures.map((item) => item.itemIdentifier));
      await again(Records.filter(({ messageId }) => failed.has(messageId)));
      return response;
    } catch (error) {
      await keeping[Symbol.asyncDispose]();
      await again(Records);
      throw error;
    }
  };
}
