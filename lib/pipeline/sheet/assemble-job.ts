import type { Job } from "../job/job.ts";
import { type Completion, type JobProgress, progressOf, tallyOf } from "../job/tally.ts";
import { buildSheet } from "./build-sheet.ts";
import { sheetManifest } from "./sheet-manifest.ts";

export interface AssembleDeps {
  readonly now: () => Date;
  /** Called by the one assembler that ended the job. */
  readonly onCompleted?: (completion: Completion) => Promise<void> | void;
  readonly onProgress?: (progress: JobProgress) => void;
}

/** `unknown`: no such job. `ended`: before this call. `completed`: by this call. */
export type AssemblyOutcome = "unknown" | "ended" | "waiting" | "completed";

/**
 * Looks at a job: writes its progress, and if all channels have ended, its sheet, its manifest and,
 * last of all and only once, its completion marker. Whatever cuts a call short, the next one does
 * the rest: everything before the marker is written again with the same bytes.
 */
export async function assembleJob(job: Job, deps: AssembleDeps): Promise<AssemblyOutcome> {
  if (await job.isComplete()) return "ended";
  const plan = await job.findPlan();
  if (plan === null) return "unknown";
  const results = await job.results(await job.ended());
  const ended = plan.channels.flatMap((channel) => results.get(channel) ?? []);
  const tally = tallyOf(plan.total, ended);
  const progress = progressOf(job.id, tally, ended, deps.now());
  if (tally.state !== "running") {
    const sheet = await buildSheet(job, results);
    await job.writeManifest(sheetManifest(plan, results, sheet, tally));
  }
  await job.writeProgress(progress);
  deps.onProgress?.(progress);
  if (tally.state === "running") return "waiting";

  const completion = await job.complete(tally, deps.now());
  if (completion === null) return "ended";
  await deps.onCompleted?.(completion);
  return "completed";
}
