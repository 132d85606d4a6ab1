import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import { endUnanswered } from "../../lib/pipeline/explain/answer-questions.ts";
import { type ExplanationJob, parseExplanationJob } from "../../lib/pipeline/explain/messages.ts";
import { endDeadLetter } from "../../lib/pipeline/job/dead-letter.ts";
import type { Jobs } from "../../lib/pipeline/job/jobs.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";

export interface DeadLetterDeps {
  readonly jobs: Jobs;
  readonly store: ObjectStore;
  readonly now: () => Date;
  readonly log: Log;
  readonly onResult?: (result: ChannelResult) => void;
}

/**
 * Turns messages that were given up into failed results, a channel's or a question's. A message that
 * names neither is left in the queue, whose alarm calls a person.
 */
export function createHandler(deps: DeadLetterDeps) {
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: string[] = [];
    for (const { messageId, body } of event.Records) {
      try {
        const question = parseExplanationJob(body);
        if (question !== null) {
          await endQuestion(question, deps);
          continue;
        }
        const result = await endDeadLetter(body, deps);
        deps.log.info("channel given up", { jobId: result.jobId, channel: result.channel });
        deps.onResult?.(result);
      } catch (error) {
        deps.log.error("dead letter not understood", { messageId, error });
        failed.push(messageId);
      }
    }
    return batchResponse(failed);
  };
}

/** @throws Error if there is no such question */
async function endQuestion(job: ExplanationJob, { store, log }: DeadLetterDeps): Promise<void> {
  if (!(await endUnanswered(job, { store }))) throw new Error(`there is no question ${job.id}`);
  log.info("question given up", { id: job.id });
}
