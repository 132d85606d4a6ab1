import type { JobDeps } from "./dispatch-job.ts";
import type { Job } from "./job.ts";
import { reconcileMessage } from "./messages.ts";

/** `unknown`: no such job. `ended`: it was over before. */
export type CancelOutcome = "unknown" | "ended" | "cancelling";

/**
 * Tells a job to stop. Channels that have ended stay as they are; the others end as cancelled, at
 * once where nobody is rendering them, within seconds where someone is. Telling it twice is no
 * error.
 */
export async function cancelJob(
  job: Job,
  { assembly, now }: Pick<JobDeps, "assembly" | "now">,
): Promise<CancelOutcome> {
  if ((await job.findPlan()) === null) return "unknown";
  if (await job.isComplete()) return "ended";
  await job.cancel(now());
  await assembly.sendAll([reconcileMessage(job.id, "now")]);
  return "cancelling";
}
