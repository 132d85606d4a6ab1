import { GPU_PATIENCE_SECONDS } from "../limits.ts";
import { type JobDeps, sendChannels } from "./dispatch-job.ts";
import type { Job } from "./job.ts";

/**
 * Gives a job that was routed to the GPU to the CPU workers as well, once no channel of it has
 * ended or left a checkpoint for so long: an account may have no quota for GPU instances, or none
 * of them may be free. Only for `auto`: who asked for the GPU gets it or nothing. Should GPU
 * workers come after all, the first result of a channel stands.
 *
 * @returns whether the CPU workers have the job, by this call or an earlier one
 */
export async function fallBackToCpu(
  job: Job,
  { queues, now }: Pick<JobDeps, "queues" | "now">,
): Promise<boolean> {
  const { provider, request } = await job.plan();
  if (provider !== "cuda" || request.executionEnvironment !== "auto") return false;
  if (await job.hasFallenBack()) return true;
  const { begun } = await job.times();
  const waitedSeconds = (now().getTime() - begun.getTime()) / 1_000;
  if (waitedSeconds < GPU_PATIENCE_SECONDS) return false;
  const channels = await job.drawn();
  if ((await job.missing()).length < channels.length) return false;
  // an image that takes longer than that leaves checkpoints
  if (await job.images.hasCheckpoints()) return false;
  await sendChannels(job, channels, queues.cpu);
  // last: a call cut short is repeated, and messages sent twice change nothing
  await job.markFallenBack(waitedSeconds);
  return true;
}
