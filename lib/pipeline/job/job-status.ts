import { ObjectNotFoundError, type ObjectStore } from "../../storage/object-store.ts";
import { findPlan } from "../sheet/assemble-job.ts";
import { isCancelled } from "./cancellation.ts";
import { parseRanges } from "../request/channel-ranges.ts";
import { type Completion, readCompletion } from "./completion.ts";
import { endedChannels } from "./dispatch-job.ts";
import { JOB_PREFIX, jobIdOf } from "../keys.ts";
import { mapConcurrently } from "../concurrency.ts";
import type { JobPlan } from "./plan.ts";
import { type JobProgress, readProgress } from "./progress.ts";
import { type ChannelResult, readResult } from "./result.ts";

/** What can be told about a job now. */
export interface JobStatus {
  readonly plan: JobPlan;
  /** `cancelling`: told to stop, and some channels have not ended yet. */
  readonly state: JobProgress["state"] | "queued" | "cancelling";
  readonly total: number;
  readonly ok: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Mean of the final activations so far; `null` while there is no image. */
  readonly meanActivation: number | null;
  /** `null` while channels are missing. */
  readonly completion: Completion | null;
}

/**
 * The job's state, exact at the time of the call: the assembler's last snapshot, and the results
 * written since.
 *
 * @returns `null` if there is no such job
 */
export async function readJobStatus(store: ObjectStore, jobId: string): Promise<JobStatus | null> {
  const plan = await findPlan(store, jobId);
  if (plan === null) return null;
  const completion = await orNull(readCompletion(store, jobId));
  if (completion !== null) {
    const { state, ok, failed, cancelled, meanActivation } = completion;
    return { plan, state, total: plan.total, ok, failed, cancelled, meanActivation, completion };
  }
  const counts = await countNow(store, plan, await orNull(readProgress(store, jobId)));
  const isIdle = counts.ok + counts.failed + counts.cancelled === 0;
  const state = (await isCancelled(store, jobId)) ? "cancelling" : isIdle ? "queued" : "running";
  return { plan, state, total: plan.total, ...counts, completion };
}

/**
 * Ids of all jobs, in the order of their names. Folders that cannot be a job's, which a person may have
 * put there, are left out.
 *
 * @param after only those behind this id
 */
export async function* listJobIds(
  store: ObjectStore,
  after: string | null = null,
): AsyncIterable<string> {
  const start = after === null ? undefined : `${after}/`;
  for await (const folder of store.listFolders(JOB_PREFIX, start)) {
    const jobId = jobIdOf(JOB_PREFIX + folder);
    if (jobId !== null) yield jobId;
  }
}

type Counts = Pick<JobStatus, "ok" | "failed" | "cancelled" | "meanActivation">;

async function countNow(
  store: ObjectStore,
  plan: JobPlan,
  snapshot: JobProgress | null,
): Promise<Counts> {
  const counted = new Set(parseRanges(snapshot?.counted ?? ""));
  const ended = await endedChannels(store, plan.jobId);
  const fresh = [...ended].filter((channel) => !counted.has(channel));
  const results = await mapConcurrently(fresh, (channel) => readResult(store, plan.jobId, channel));
  const count = (state: ChannelResult["state"]) =>
    results.filter((result) => result.state === state).length;
  const ok = (snapshot?.ok ?? 0) + count("ok");
  const activations = results.flatMap((result) => (result.state === "ok" ? result.activation : []));
  const earlier = (snapshot?.meanActivation ?? 0) * (snapshot?.ok ?? 0);
  const sum = activations.reduce((total, activation) => total + activation, earlier);
  return {
    ok,
    failed: (snapshot?.failed ?? 0) + count("failed"),
    cancelled: (snapshot?.cancelled ?? 0) + count("cancelled"),
    meanActivation: ok === 0 ? null : sum / ok,
  };
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  }
}
