import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import { reconcileMessage } from "../lib/pipeline/job/messages.ts";
import { DamagedObjectError } from "../lib/pipeline/json.ts";

export interface ResumedJobs {
  /** Ids of those that go on. */
  readonly resumed: readonly string[];
  /** What is wrong with those that cannot. */
  readonly damaged: readonly string[];
}

/**
 * Has every unfinished job looked at now, not in up to 15 minutes: for the start after a stop, when
 * a job's last result may have been written with no one left to hear of it.
 *
 * A damaged one is named, and keeps no other back.
 */
export async function resumeJobs({
  jobs,
  assembly,
}: Pick<AcceptDeps, "jobs" | "assembly">): Promise<ResumedJobs> {
  const resumed: string[] = [];
  const damaged: string[] = [];
  for await (const job of jobs.list()) {
    try {
      if (await (await job.latest()).isComplete()) continue;
      // without a plan it is no job: its intake was cut off, or these are someone's own files
      if ((await job.findPlan()) !== null) resumed.push(job.id);
    } catch (error) {
      if (!(error instanceof DamagedObjectError)) throw error;
      damaged.push(error.message);
    }
  }
  await assembly.sendAll(resumed.map((jobId) => reconcileMessage(jobId, "now")));
  return { resumed, damaged };
}
