import { createHash } from "node:crypto";

import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { Job } from "../../lib/pipeline/job/job.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { roundKeys } from "../../lib/pipeline/keys.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";

/**
 * Checks a job that has ended: every channel of the plan has a result and nothing else has, and
 * every image's tile has the bytes that its result says.
 *
 * @throws Error naming the first discrepancy
 */
export async function checkAccounts(
  store: ObjectStore,
  jobId: string,
): Promise<readonly ChannelResult[]> {
  const job = new Job(store, jobId);
  const { channels } = await job.plan();
  const ended = await job.ended();
  const missing = channels.filter((channel) => !ended.has(channel));
  if (missing.length > 0) throw new Error(`no result of channels ${missing.join(", ")}`);
  if (ended.size !== channels.length)
    throw new Error(`${ended.size} results of ${channels.length}`);

  const results = await mapConcurrently(channels, (channel) => job.result(channel));
  for (const result of results) {
    if (result.state !== "ok") continue;
    const { key, sha256 } = result.tile;
    const stored = createHash("sha256")
      .update(await store.get(key))
      .digest("hex");
    if (stored !== sha256) throw new Error(`${key} was rewritten: ${stored}, was ${sha256}`);
  }
  // the tile of a channel that others gave up first may stay behind, but no other
  const known = new Set(channels.map((channel) => roundKeys(jobId).tile(channel)));
  for await (const { key } of store.list(roundKeys(jobId).tiles)) {
    if (!known.has(key)) throw new Error(`${key} belongs to no channel`);
  }
  return results;
}
