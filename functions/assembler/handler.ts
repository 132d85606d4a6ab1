import type { SQSBatchResponse, SQSEvent } from "aws-lambda";

import type { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { parseReconcile } from "../../lib/pipeline/job/messages.ts";
import { parseResultKey } from "../../lib/pipeline/keys.ts";
import { assembleJob } from "../../lib/pipeline/sheet/assemble-job.ts";
import { reconcileJob, type ReconcileDeps } from "../../lib/pipeline/sheet/reconcile-job.ts";
import { batchResponse } from "../batch.ts";
import type { Log } from "../log.ts";
import { createdKeys } from "../s3-event.ts";

export interface AssemblerDeps extends ReconcileDeps {
  readonly jobs: Jobs;
  readonly log: Log;
}

/** A job that a batch speaks of. */
interface JobCall {
  readonly messageIds: string[];
  /** A `reconcile` message was among them. */
  isReconcile: boolean;
}

/** Looks at each job of a batch once, however many of its results the batch reports. */
export function createHandler(deps: AssemblerDeps) {
  const { jobs, log } = deps;

  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const { calls, unreadable } = readCalls(event, log);
    const failed = [...unreadable];
    for (const [jobId, { isReconcile, messageIds }] of inTurn(calls, event)) {
      try {
        const look = isReconcile ? reconcileJob : assembleJob;
        const outcome = await look(await jobs.open(jobId).latest(), deps);
        log.info("job looked at", { jobId, outcome });
      } catch (error) {
        log.error("job not assembled", { jobId, error });
        failed.push(...messageIds);
      }
    }
    return batchResponse(failed);
  };
}

/**
 * By their ids, one way and when they come again the other: a job at which the call is ended, by
 * time or memory, keeps none of its neighbours from being looked at for ever.
 */
function inTurn<T>(calls: ReadonlyMap<string, T>, { Records }: SQSEvent): (readonly [string, T])[] {
  const ordered = [...calls].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const receives = Records.map(({ attributes }) => Number(attributes.ApproximateReceiveCount));
  return Math.max(...receives) % 2 === 1 ? ordered : ordered.toReversed();
}

function readCalls({ Records }: SQSEvent, log: Log) {
  const calls = new Map<string, JobCall>();
  const unreadable: string[] = [];
  for (const { messageId, body } of Records) {
    try {
      const json: unknown = JSON.parse(body);
      const reconcile = parseReconcile(json);
      const jobIds = reconcile === null ? jobsOfResults(json) : [reconcile.jobId];
      for (const jobId of jobIds) {
        const call = calls.get(jobId) ?? { messageIds: [], isReconcile: false };
        call.messageIds.push(messageId);
        call.isReconcile ||= reconcile !== null;
        calls.set(jobId, call);
      }
    } catch (error) {
      log.error("message not understood", { messageId, error });
      unreadable.push(messageId);
    }
  }
  return { calls, unreadable };
}

/** Keys of other objects are ignored, should a notification rule ever let them through. */
function jobsOfResults(json: unknown): string[] {
  return createdKeys(json).flatMap((key) => parseResultKey(key)?.jobId ?? []);
}
