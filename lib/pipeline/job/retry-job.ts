import { dispatchJob, type JobDeps } from "./dispatch-job.ts";
import type { Job } from "./job.ts";
import { findLostTiles } from "./lost-tiles.ts";
import { reconcileMessage } from "./messages.ts";
import type { Completion } from "./tally.ts";

/** `running`: it has not ended. `whole`: every channel has its image. */
export type RetryOutcome = "unknown" | "running" | "whole" | "retried";

/**
 * Draws again what an ended job has no image of: channels that failed, were cancelled, or whose
 * tiles are gone. The others stay as they are, and the sheet is built anew when all have ended.
 * Callers at the same time begin one round together.
 *
 * @param job its last round
 */
export async function retryJob(job: Job, deps: JobDeps): Promise<RetryOutcome> {
  if ((await job.findPlan()) === null) return "unknown";
  const completion = await job.findCompletion();
  if (completion === null) return "running";
  const channels = await channelsWithoutImage(job, completion);
  if (channels.length === 0) return "whole";
  await beginRound(job, channels, deps);
  return "retried";
}

/**
 * Draws the missing images of a job that was told to stop and has not ended: in a new round, which
 * nobody has told to stop. What is still written to the round before counts no more.
 *
 * @param job its last round
 */
export async function goOnDrawing(job: Job, deps: JobDeps): Promise<void> {
  const results = await job.results(await job.ended());
  const { channels } = await job.plan();
  const without = channels.filter((channel) => results.get(channel)?.state !== "ok");
  if (without.length > 0) await beginRound(job, without, deps);
}

/**
 * Draws what has not ended of a job in a new round, which has a deadline of its own.
 *
 * @param job its last round
 * @returns whether there is such a round: not where every channel has ended
 */
export async function drawMissing(job: Job, deps: JobDeps): Promise<boolean> {
  const missing = await job.missing();
  if (missing.length > 0) await beginRound(job, missing, deps);
  return missing.length > 0;
}

async function beginRound(job: Job, channels: readonly number[], deps: JobDeps): Promise<void> {
  // before all else: whatever is cut off from here on is looked at again
  await deps.assembly.sendAll([reconcileMessage(job.id, "later")]);
  await dispatchJob(await job.retry(channels, deps.now()), deps);
}

async function channelsWithoutImage(job: Job, completion: Completion): Promise<number[]> {
  const { channels } = await job.plan();
  const results = await job.results(channels);
  const drawn = [...results.values()].filter(({ state }) => state === "ok");
  // the assembler counted some of them as lost: only their bytes tell which
  const look = completion.ok < drawn.length ? "bytes" : "presence";
  const lost = new Set((await findLostTiles(job, drawn, look)).map(({ channel }) => channel));
  return channels.filter((channel) => results.get(channel)!.state !== "ok" || lost.has(channel));
}
