import { mapConcurrently } from "../concurrency.ts";
import { dispatchJob, type JobDeps } from "../job/dispatch-job.ts";
import { fallBackToCpu } from "../job/fall-back.ts";
import type { Job } from "../job/job.ts";
import { drawMissing } from "../job/retry-job.ts";
import { reconcileMessage } from "../job/messages.ts";
import type { Ending } from "../job/result.ts";
import { type AssembleDeps, assembleJob, type AssemblyOutcome } from "./assemble-job.ts";

export interface ReconcileDeps extends AssembleDeps, JobDeps {
  /**
   * What becomes of channels that are missing at the deadline: they have failed, or are drawn in a
   * further round, where the machine that draws them may have been off or asleep.
   *
   * @default "failed"
   */
  readonly overdue?: "failed" | "drawn";
}

/**
 * Looks at a job without having been told of a result. It sends the channel messages that an
 * interrupted intake did not send; gives a job that waits for GPU workers to the CPU; ends what a
 * cancelled job, or one past its deadline, still lacks, or has that drawn; assembles what has become
 * complete; and otherwise asks to be called again.
 */
export async function reconcileJob(job: Job, deps: ReconcileDeps): Promise<AssemblyOutcome> {
  if (await job.isComplete()) return "ended";
  // the request was refused, or its intake ended before it became a job
  if ((await job.findPlan()) === null) return "unknown";
  const { deadline } = await job.times();
  if (await job.isCancelled()) {
    await endMissing(job, { state: "cancelled" }, deps);
  } else if (deps.now() < deadline) {
    await dispatchJob(job, deps);
    await fallBackToCpu(job, deps);
  } else if (deps.overdue === "drawn") {
    if (await drawMissing(job, deps)) return "waiting";
  } else {
    const reason = `the channel had not ended by the job's deadline, ${deadline.toISOString()}`;
    await endMissing(job, { state: "failed", source: "deadline", reason }, deps);
  }
  const outcome = await assembleJob(job, deps);
  if (outcome === "waiting") {
    await deps.assembly.sendAll([reconcileMessage(job.id, "later")]);
  }
  return outcome;
}

/** A worker may still come first: then its result stands. */
async function endMissing(job: Job, ending: Ending, { now }: ReconcileDeps): Promise<void> {
  await mapConcurrently(await job.missing(), (channel) =>
    job.end(channel, ending, { attempts: 1, now: now() }),
  );
}
