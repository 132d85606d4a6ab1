import { MAX_CHANNEL_RECEIVES } from "../limits.ts";
import type { Jobs } from "./jobs.ts";
import { parseChannelJob } from "./messages.ts";
import type { ChannelResult } from "./result.ts";

/**
 * Ends a channel whose message was given up, as no worker lived to end it on any delivery. So a job
 * always reaches its number of results.
 *
 * @throws Error if the message names no channel of a job; it then stays in the dead-letter queue
 */
export async function endDeadLetter(
  body: string,
  { jobs, now }: { readonly jobs: Jobs; readonly now: () => Date },
): Promise<ChannelResult> {
  const { jobId, channel, round = 0 } = parseChannelJob(body);
  // that of the message: one of an earlier round says nothing of the next
  const job = await jobs.open(jobId).latest(round);
  if (!(await job.plan()).channels.includes(channel)) {
    throw new Error(`channel ${channel} is not in the plan of job ${jobId}`);
  }
  const reason = `no worker finished the channel in ${MAX_CHANNEL_RECEIVES} deliveries of its message`;
  return job.end(
    channel,
    { state: "failed", source: "dead-letter", reason },
    { attempts: Math.max(1, await job.images.attempts(channel)), now: now() },
  );
}
