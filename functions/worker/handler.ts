import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";

import {
  type MessageHooks,
  type RenderDeps,
  renderMessages,
} from "../../lib/pipeline/render/render-messages.ts";
import { MAX_STEP_SECONDS } from "../../lib/pipeline/limits.ts";
import { logChannels } from "../log-channels.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";

export interface WorkerDeps extends RenderDeps {
  readonly log: Log;
  readonly hooks?: Omit<MessageHooks, "onFailure">;
}

/** Time kept to answer before Lambda ends the function. */
const ANSWER_MS = 5_000;
/** Time kept to write what has been rendered or begun: 200 MB of the largest image. */
const WRITE_MS = 30_000;
/** The next stretch of work may take longer than the last. */
const CAUTION = 1.5;

/** Renders the channels of a batch of messages; those that fail are delivered again. */
export function createHandler(deps: WorkerDeps) {
  const { log, hooks } = deps;

  return async (
    event: SQSEvent,
    context?: Pick<Context, "getRemainingTimeInMillis">,
  ): Promise<SQSBatchResponse> => {
    const messages = event.Records.map(({ messageId, body }) => ({ messageId, body }));
    const signal = stopSignal(hooks?.signal, context);
    const logging = logChannels(log, signal);
    const failed = await renderMessages(messages, deps, {
      ...hooks,
      ...logging,
      signal,
      hasTime: context && ((seconds) => timeLeftMs(context) > 1_000 * expected(seconds)),
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
  return context.getRemainingTimeInMillis() - WRITE_MS - ANSWER_MS;
}

/** Of the first iteration at a size nothing is known but what is accepted. */
function expected(seconds: number): number {
  return CAUTION * (seconds === 0 ? MAX_STEP_SECONDS : seconds);
}

/** Stops the rendering when asked to, or when the invocation's time is up all the same. */
function stopSignal(
  asked: AbortSignal | undefined,
  context: Pick<Context, "getRemainingTimeInMillis"> | undefined,
): AbortSignal {
  const timeUp =
    context && AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - ANSWER_MS));
  return AbortSignal.any([asked, timeUp].filter((each) => each !== undefined));
}
