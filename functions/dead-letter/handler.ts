import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import { endDeadLetter } from "../../lib/pipeline/job/dead-letter.ts";
import type { Jobs } from "../../lib/pipeline/job/jobs.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";

export interface DeadLetterDeps {
  readonly jobs: Jobs;
  readonly now: () => Date;
  readonly log: Log;
  readonly onResult?: (result: ChannelResult) => void;
}

/**
 * Turns channel messages that were given up into failed results. A message that names no channel of
 * a job is left in the queue, whose alarm calls a person.
 */
export function createHandler(deps: DeadLetterDeps) {
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: string[] = [];
    for (const { messageId, body } of event.Records) {
      try {
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
