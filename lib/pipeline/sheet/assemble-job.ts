import { ObjectNotFoundError, type ObjectStore } from "../../storage/object-store.ts";
import { buildSheet } from "./build-sheet.ts";
import { type Completion, writeCompletion } from "../job/completion.ts";
import { endedChannels } from "../job/dispatch-job.ts";
import type { JobResults } from "../job/job-results.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { completeKey, manifestKey, montageKey } from "../keys.ts";
import { sheetManifest } from "./sheet-manifest.ts";
import { type JobPlan, readPlan } from "../job/plan.ts";
import { type JobProgress, summarise, writeProgress } from "../job/progress.ts";

export interface AssembleDeps {
  readonly store: ObjectStore;
  readonly results: JobResults;
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
export async function assembleJob(jobId: string, deps: AssembleDeps): Promise<AssemblyOutcome> {
  const { store, results: known } = deps;
  if ((await store.head(completeKey(jobId))) !== null) return "ended";
  const plan = await findPlan(store, jobId);
  if (plan === null) return "unknown";
  const results = await known.read(jobId, await endedChannels(store, jobId));
  const progress = summarise(plan, results, deps.now());
  if (progress.state === "running") {
    await writeProgress(store, progress);
    deps.onProgress?.(progress);
    return "waiting";
  }

  const sheet = await buildSheet(store, plan, results);
  const manifest = sheetManifest(plan, results, sheet, progress);
  await store.put(manifestKey(jobId), encodeJson(manifest), JSON_TYPE);
  await writeProgress(store, progress);
  deps.onProgress?.(progress);
  const completion = completionOf(progress, deps.now());
  const outcome = await writeCompletion(store, completion);
  known.forget(jobId);
  if (outcome === "exists") return "ended";
  await deps.onCompleted?.(completion);
  return "completed";
}

/** `null` if there is no such job. */
export async function findPlan(store: ObjectStore, jobId: string): Promise<JobPlan | null> {
  try {
    return await readPlan(store, jobId);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  }
}

function completionOf(progress: JobProgress, now: Date): Completion {
  const { jobId, state, total, ok, failed, cancelled, meanActivation } = progress;
  if (state === "running") throw new Error(`internal: job ${jobId} is not at its end`);
  return {
    version: 1,
    jobId,
    state,
    total,
    ok,
    failed,
    cancelled,
    meanActivation,
    montage: montageKey(jobId),
    manifest: manifestKey(jobId),
    completedAt: now.toISOString(),
  };
}
