import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

import { cancelWithAtlas } from "../../lib/pipeline/atlas/cancel-atlas.ts";
import type { Acceptance, AcceptDeps } from "../../lib/pipeline/job/accept-request.ts";
import { answerUpload } from "../../lib/pipeline/job/answer-upload.ts";
import { MAX_RECEIVES } from "../../lib/pipeline/limits.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";
import { createdKeys } from "../s3-event.ts";

export interface IntakeDeps extends AcceptDeps {
  readonly log: Log;
  /** For each request answered, with the key it was put under. */
  readonly onAnswer?: (key: string, acceptance: Acceptance) => void;
  /** For each message of requests that is tried no more: it goes to the dead-letter queue. */
  readonly onGivenUp?: (body: string, error: unknown) => void;
}

/** Answers requests put into the drop zone, from S3 notifications that came through a queue. */
export function createHandler(deps: IntakeDeps) {
  async function handleRecord({ body }: SQSRecord): Promise<void> {
    for (const key of createdKeys(JSON.parse(body))) {
      const acceptance = await answerUpload(key, deps);
      if (acceptance === null) continue;
      if (acceptance.status === "accepted") {
        const { jobId, plan } = acceptance;
        await cancelWithAtlas(key, jobId, deps);
        deps.log.info("request accepted", { key, jobId, channels: plan.total });
      } else {
        deps.log.info("request rejected", { key, problems: acceptance.problems });
      }
      deps.onAnswer?.(key, acceptance);
    }
  }

  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: string[] = [];
    for (const record of event.Records) {
      try {
        await handleRecord(record);
      } catch (error) {
        deps.log.error("request not answered", { messageId: record.messageId, error });
        failed.push(record.messageId);
        const receives = Number(record.attributes.ApproximateReceiveCount);
        if (receives >= MAX_RECEIVES) deps.onGivenUp?.(record.body, error);
      }
    }
    return batchResponse(failed);
  };
}
