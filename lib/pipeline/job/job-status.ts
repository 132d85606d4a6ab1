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
 * What can be told about a job now. Its state is `queued` until a channel has been begun;
 * `cancelling` if it has been told to stop, and some channels have not ended yet.
 */
export interface JobStatus extends JobTally<z.infer<typeof statusStateSchema>> {
  readonly plan: JobPlan;
  /** When its round began. */
  readonly begun: Date;
  /** Images that its round does not draw. */
  readonly kept: number;
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
  const { begun } = await job.times();
  const round = { begun, kept: plan.total - (await job.drawn()).length };
  if (completion !== null) {
    return { plan, ...round, state: completion.state, ...countsOf(completion), completion };
  }
  const counts = await countNow(job, plan.total);
  const ended = counts.ok + counts.failed + counts.cancelled;
  const isBegun = ended > 0 || (await job.isBegun());
  const state = (await job.isCancelled()) ? "cancelling" : isBegun ? "running" : "queued";
  return { plan, ...round, state, ...counts, completion };
}

async function countNow(job: Job, total: number): Promise<JobCounts> {
  const snapshot = await job.findProgress();
  const counted = new Set(parseRanges(snapshot?.counted ?? ""));
  const fresh = [...(await job.ended())].filter((channel) => !counted.has(channel));
  const results = await mapConcurrently(fresh, (channel) => job.result(channel));
  return countResults(total, results, snapshot);
}
