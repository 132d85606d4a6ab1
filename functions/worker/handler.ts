import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

import {
  type AnswerDeps,
  answerQuestions,
  type DeliveredQuestion,
} from "../../lib/pipeline/explain/answer-questions.ts";
import { parseExplanationJob } from "../../lib/pipeline/explain/messages.ts";
import {
  type MessageHooks,
  type RenderDeps,
  renderMessages,
} from "../../lib/pipeline/render/render-messages.ts";
import { logChannels, logQuestions } from "../log-channels.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";
import type { CallContext } from "../redeliver-soon.ts";
import { timeKeeper } from "../time-left.ts";

export interface WorkerDeps extends RenderDeps, Pick<AnswerDeps, "explainer"> {
  readonly log: Log;
  readonly hooks?: Omit<MessageHooks, "onFailure">;
  /** Seconds of the clock that a second of a core's work takes here. @default 1 */
  readonly slowdown?: number | undefined;
}

/** Time kept to answer before Lambda ends the function. */
const ANSWER_MS = 5_000;

/**
 * Answers the questions among a batch of messages, which take seconds each and somebody waits for,
 * and then renders the channels; those that fail are delivered again.
 */
export function createHandler(deps: WorkerDeps) {
  const { log, hooks, slowdown } = deps;

  return async (event: SQSEvent, context?: CallContext): Promise<SQSBatchResponse> => {
    using time = invocationTime(context);
    const signal = AbortSignal.any([time.up, ...(hooks?.signal ? [hooks.signal] : [])]);
    const logging = logChannels(log, signal);
    const { questions, channels } = sortByWork(event.Records);
    const unanswered = await answerQuestions(questions, deps, {
      signal,
      ...logQuestions(log, signal),
    });
    const failed = await renderMessages(channels, deps, {
      ...hooks,
      ...logging,
      signal,
      hasTime: context && timeKeeper({ leftMs: () => timeLeftMs(context), slowdown }),
      onResult: (result) => {
        logging.onResult(result);
        hooks?.onResult?.(result);
      },
    });
    return batchResponse([...unanswered, ...failed]);
  };
}

function sortByWork(records: readonly SQSRecord[]) {
  const questions: DeliveredQuestion[] = [];
  const channels: SQSRecord[] = [];
  for (const record of records) {
    const job = parseExplanationJob(record.body);
    const receiveCount = Number(record.attributes.ApproximateReceiveCount);
    if (job === null) channels.push(record);
    else questions.push({ messageId: record.messageId, job, receiveCount });
  }
  return { questions, channels };
}

/** Of the invocation, less what is kept. */
function timeLeftMs(context: CallContext): number {
  return context.getRemainingTimeInMillis() - ANSWER_MS;
}

/** `up` aborts when the invocation's time is over; dispose of it when the work has ended. */
function invocationTime(context?: CallContext): Disposable & { readonly up: AbortSignal } {
  // Node 20 forgets a signal of `AbortSignal.timeout` that only others are made of
  const over = new AbortController();
  const timer =
    context &&
    setTimeout(
      () => over.abort(new Error("the invocation's time is up")),
      Math.max(0, timeLeftMs(context)),
    );
  return { up: over.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
