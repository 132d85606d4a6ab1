import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";

import {
  type MessageHooks,
  type RenderDeps,
  renderMessages,
} from "../../lib/pipeline/render/render-messages.ts";
import { logChannels } from "../log-channels.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";
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

  return async (
    event: SQSEvent,
    context?: Pick<Context, "getRemainingTimeInMillis">,
  ): Promise<SQSBatchResponse> => {
    const signal = stopSignal(hooks?.signal, context);
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
function timeLeftMs(context: Pick<Context, "getRemainingTimeInMillis">): number {
  return context.getRemainingTimeInMillis() - ANSWER_MS;
}

/** Stops the rendering when asked to, or when the invocation's time is up all the same. */
function stopSignal(
  asked: AbortSignal | undefined,
  context: Pick<Context, "getRemainingTimeInMillis"> | undefined,
): AbortSignal {
  const timeUp = context && AbortSignal.timeout(Math.max(0, timeLeftMs(context)));
  return AbortSignal.any([asked, timeUp].filter((each) => each !== undefined));
}
