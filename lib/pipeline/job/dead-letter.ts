import type { ObjectStore } from "../../storage/object-store.ts";
import { parseChannelJob } from "./messages.ts";
import { MAX_RECEIVES } from "../limits.ts";
import { readPlan } from "./plan.ts";
import { type ChannelResult, resultBase, writeResult } from "./result.ts";

/**
 * Ends a channel whose message was given up: workers died or were lost on every delivery. So a job
 * always reaches its number of results.
 *
 * @throws Error if the message names no channel of a job; it then stays in the dead-letter queue
 */
export async function endPoisonedChannel(
  body: string,
  { store, now }: { readonly store: ObjectStore; readonly now: () => Date },
): Promise<ChannelResult> {
  const { jobId, channel } = parseChannelJob(body);
  const plan = await readPlan(store, jobId);
  if (!plan.channels.includes(channel)) {
    throw new Error(`channel ${channel} is not in the plan of job ${jobId}`);
  }
  const result: ChannelResult = {
    ...resultBase(jobId, channel, { attempts: MAX_RECEIVES, now: now() }),
    state: "failed",
    source: "dead-letter",
    reason: `no worker finished the channel in ${MAX_RECEIVES} deliveries; each was cut off, ran out of time or ended without an answer`,
  };
  await writeResult(store, result);
  return result;
}
