import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import {
  type MessageHooks,
  type RenderDeps,
  renderMessages,
} from "../../lib/pipeline/render/render-messages.ts";
import { logChannels } from "../log-channels.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";
import type { CallContext } from "../redeliver-soon.ts";
import { timeKeeper } from "../time-left.ts";

export interface WorkerDeps extends RenderDeps {
  readonly log: Log;
  readonly hooks?: Omit<MessageHooks, "onFailure">;
  /** Seconds of the clock that a second of a core's work takes here. @default 1 */
  readonly slowdown?: number | undefined;
}

/** Time kept to answer before Lambda ends the function. */
const ANSWER_MS = 5_000;

/** Renders the channels of a batch of messages; those that fail are delivered again. */
export function createHandler(deps: WorkerDeps) {
  const { log, hooks, slowdown } = deps;

  return async (event: SQSEvent, context?: CallContext): Promise<SQSBatchResponse> => {
    using time = invocationTime(context);
    const signal = AbortSignal.any([time.up, ...(hooks?.signal ? [hooks.signal] : [])]);
    const logging = logChannels(log, signal);
    const failed = await renderMessages(event.Records, deps, {
      ...hooks,
      ...logging,
      signal,
      hasTime: context && timeKeeper({ leftMs: () => timeLeftMs(context), slowdown }),
      onResult: (result) => {
        logging.onResult(result);
        hooks?.onResult?.(result);
      },
    });
    return batchResponse(failed);
  };
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
