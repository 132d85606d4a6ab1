import { dispatchJob, type JobDeps } from "../job/dispatch-job.ts";
import type { Job } from "../job/job.ts";
import { findLostTiles } from "../job/lost-tiles.ts";
import {
  type Completion,
  type JobProgress,
  PICTURES_SHOWN,
  progressOf,
  tallyOf,
} from "../job/tally.ts";
import { buildSheet } from "./build-sheet.ts";
import { sheetManifest } from "./sheet-manifest.ts";

export interface AssembleDeps extends Pick<JobDeps, "queues" | "now"> {
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
 *
 * A tile that was lost after its result is drawn again, in a round of the job's own making; lost a
 * second time it has failed.
 */
export async function assembleJob(job: Job, deps: AssembleDeps): Promise<AssemblyOutcome> {
  if (await job.isComplete()) return "ended";
  const plan = await job.findPlan();
  if (plan === null) return "unknown";
  const found = await job.results(await job.ended());
  const all = plan.channels.every((channel) => found.has(channel));
  const lost = all ? await findLostTiles(job, found.values(), "bytes") : [];
  if (lost.length > 0 && job.round === 0) {
    const again = lost.map(({ channel }) => channel);
    await dispatchJob(await job.retry(again, deps.now()), deps);
    return "waiting";
  }
  const results = new Map([...found, ...lost.map((result) => [result.channel, result] as const)]);
  const ended = plan.channels.flatMap((channel) => results.get(channel) ?? []);
  const tally = tallyOf(plan.total, ended);
  const progress = progressOf(job.id, tally, ended, deps.now());
  const sheet = tally.state === "running" ? null : await buildSheet(job, results);
  if (sheet !== null) {
    await job.images.writeManifest(sheetManifest(plan, results, sheet, tally));
  }
  await job.writeProgress(progress);
  deps.onProgress?.(progress);
  if (sheet === null) return "waiting";

  const drawn = ended.flatMap(({ state, channel }) => (state === "ok" ? channel : []));
  const { missingGlyphs } = sheet;
  const completion = await job.complete(tally, deps.now(), {
    ...(missingGlyphs !== "" && { missingGlyphs }),
    pictures: drawn.slice(0, PICTURES_SHOWN),
  });
  if (completion === null) return "ended";
  await deps.onCompleted?.(completion);
  return "completed";
}
