import type { z } from "zod";

import { mapConcurrently } from "../concurrency.ts";
import { parseRanges } from "../request/channel-ranges.ts";
import type { Job } from "./job.ts";
import type { JobPlan } from "./plan.ts";
import {
  type Completion,
  countResults,
  countsOf,
  type JobCounts,
  type JobTally,
  type statusStateSchema,
} from "./tally.ts";

/**
 * What can be told about a job now. Its state is `queued` until a channel has ended; `cancelling`
 * if it has been told to stop, and some channels have not ended yet.
 */
export interface JobStatus extends JobTally<z.infer<typeof statusStateSchema>> {
  readonly plan: JobPlan;
  /** `null` while channels are missing. */
  readonly completion: Completion | null;
}

/**
 * The job's state, exact at the time of the call: the assembler's last snapshot, and the results
 * written since.
 *
 * @returns `null` if there is no such job
 */
export async function readJobStatus(job: Job): Promise<JobStatus | null> {
  const plan = await job.findPlan();
  if (plan === null) return null;
  const completion = await job.findCompletion();
  if (completion !== null) {
    return { plan, state: completion.state, ...countsOf(completion), completion };
  }
  const counts = await countNow(job, plan.total);
  const isIdle = counts.ok + counts.failed + counts.cancelled === 0;
  const state = (await job.isCancelled()) ? "cancelling" : isIdle ? "queued" : "running";
  return { plan, state, ...counts, completion };
}

async function countNow(job: Job, total: number): Promise<JobCounts> {
  const snapshot = await job.findProgress();
  const counted = new Set(parseRanges(snapshot?.counted ?? ""));
  const fresh = [...(await job.ended())].filter((channel) => !counted.has(channel));
  const results = await mapConcurrently(fresh, (channel) => job.result(channel));
  return countResults(total, results, snapshot);
}
