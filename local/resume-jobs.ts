import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import { reconcileMessage } from "../lib/pipeline/job/messages.ts";

/**
 * Has every unfinished job looked at now, not in up to 15 minutes: for the start after a stop, when
 * a job's last result may have been written with no one left to hear of it.
 *
 * @returns the jobs' ids
 */
export async function resumeJobs({
  jobs,
  assembly,
}: Pick<AcceptDeps, "jobs" | "assembly">): Promise<readonly string[]> {
  const unfinished: string[] = [];
  for await (const job of jobs.list()) {
    if (await job.isComplete()) continue;
    // without a plan it is no job: its intake was cut off, or these are someone's own files
    if (await job.exists()) unfinished.push(job.id);
  }
  await assembly.sendAll(unfinished.map((jobId) => reconcileMessage(jobId)));
  return unfinished;
}
