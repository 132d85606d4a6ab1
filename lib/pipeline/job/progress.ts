import { z } from "zod";

import type { ObjectStore } from "../../storage/object-store.ts";
import { formatRanges } from "../request/channel-ranges.ts";
import { encodeJson, JSON_TYPE, readJson } from "../json.ts";
import { statusKey } from "../keys.ts";
import type { JobPlan } from "./plan.ts";
import type { ChannelResult, ChannelState } from "./result.ts";

/** `running` until every channel has ended. */
const jobStateSchema = z.enum(["running", "completed", "completed_with_failures", "cancelled"]);
export type JobState = z.infer<typeof jobStateSchema>;

const progressSchema = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  state: jobStateSchema,
  total: z.int(),
  ok: z.int(),
  failed: z.int(),
  cancelled: z.int(),
  /** Mean of the final activations of the images so far; `null` while there are none. */
  meanActivation: z.number().nullable(),
  /** The channels that are counted here, such as "1:36,40". */
  counted: z.string(),
  updatedAt: z.iso.datetime(),
});

/** How far a job has come, as of `updatedAt`. The object is a snapshot and may lag behind. */
export type JobProgress = z.infer<typeof progressSchema>;

export function summarise(
  plan: JobPlan,
  results: ReadonlyMap<number, ChannelResult>,
  now: Date,
): JobProgress {
  const ended = plan.channels.flatMap((channel) => results.get(channel) ?? []);
  const count = (state: ChannelState) => ended.filter((result) => result.state === state).length;
  const activations = ended.flatMap((result) => (result.state === "ok" ? result.activation : []));
  return {
    version: 1,
    jobId: plan.jobId,
    state: stateOf(plan, ended),
    total: plan.total,
    ok: count("ok"),
    failed: count("failed"),
    cancelled: count("cancelled"),
    meanActivation: activations.length === 0 ? null : mean(activations),
    counted: formatRanges(ended.map(({ channel }) => channel)),
    updatedAt: now.toISOString(),
  };
}

/** The state follows from the results alone, so every assembler finds the same. */
function stateOf(plan: JobPlan, ended: readonly ChannelResult[]): JobState {
  if (ended.length < plan.total) return "running";
  if (ended.some(({ state }) => state === "cancelled")) return "cancelled";
  return ended.some(({ state }) => state === "failed") ? "completed_with_failures" : "completed";
}

export async function writeProgress(store: ObjectStore, progress: JobProgress): Promise<void> {
  await store.put(statusKey(progress.jobId), encodeJson(progress), JSON_TYPE);
}

/** @throws ObjectNotFoundError if no snapshot has been written */
export function readProgress(store: ObjectStore, jobId: string): Promise<JobProgress> {
  return readJson(store, statusKey(jobId), progressSchema);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
