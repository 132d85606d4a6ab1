import type * as z from "zod";

import type { Job } from "./job.ts";
import type { JobPlan } from "./plan.ts";
import { type Completion, countsOf, type JobTally, type statusStateSchema } from "./tally.ts";

/**
 * What can be told about a job now. Its state is `queued` until a channel has been begun;
 * `cancelling` if it has been told to stop, and some channels have not ended yet.
 */
export interface JobStatus extends JobTally<z.infer<typeof statusStateSchema>> {
  readonly plan: JobPlan;
  /** Its last round. */
  readonly job: Job;
  /** When its round began. */
  readonly begun: Date;
  /** Images that its round does not draw. */
  readonly kept: number;
  /** `null` while channels are missing. */
  readonly completion: Completion | null;
  /** Whether a channel (1-based) has no result yet. */
  readonly isWaiting: (channel: number) => boolean;
}

/**
 * The job's state, exact at the time of the call: what its folder has, in one listing, and in a
 * second one its results, once there are any.
 *
 * @param known any round of it
 * @returns `null` if there is no such job
 */
export async function readJobStatus(known: Job): Promise<JobStatus | null> {
  const plan = await known.findPlan();
  if (plan === null) return null;
  const { job, names } = await known.look();
  const { begun } = await job.times();
  const round = { plan, job, begun, kept: plan.total - (await job.drawn()).length };
  const completion = names?.hasCompletion === false ? null : await job.findCompletion();
  if (completion !== null) {
    const { state } = completion;
    return { ...round, state, ...countsOf(completion), completion, isWaiting: () => false };
  }
  const ended = await job.ended(names);
  const counts = await job.resultsSoFar.count(job, plan.total, ended);
  const isBegun = ended.size > 0 || names?.isBegun === true;
  const state = names?.isCancelled === true ? "cancelling" : isBegun ? "running" : "queued";
  const isWaiting = (channel: number) => !ended.has(channel);
  return { ...round, state, ...counts, completion, isWaiting };
}
