import type { MessageSender } from "../../queue/message-queue.ts";
import type { Job } from "./job.ts";
import { channelMessage } from "./messages.ts";

/** Where channel messages go; `gpu` is `null` where no GPU workers are deployed. */
export interface ChannelQueues {
  readonly cpu: MessageSender;
  readonly gpu: MessageSender | null;
}

export interface DispatchDeps {
  readonly queues: ChannelQueues;
  /** Starts GPU workers that sleep: an idle queue's metrics wake them slowly. */
  readonly wakeGpu: () => Promise<void>;
}

/**
 * Writes the job's request and sends its messages unless that has been done; repeats what a crash
 * left half done. The request is the plan's: another one under the same idempotency key leaves
 * nothing here.
 */
export async function dispatchJob(job: Job, deps: DispatchDeps): Promise<void> {
  if (await job.isDispatched()) return;
  await job.writeRequest();
  await sendMissingChannels(job, deps);
  await job.markDispatched();
}

/** One message for each channel without a result, whether or not one is on its way already. */
async function sendMissingChannels(job: Job, { queues, wakeGpu }: DispatchDeps): Promise<void> {
  const { provider } = await job.plan();
  const queue = provider === "cuda" ? queues.gpu : queues.cpu;
  if (queue === null) {
    throw new Error(`job ${job.id} was planned for GPU workers, but there is no queue for them`);
  }
  const missing = await job.missing();
  if (missing.length === 0) return;
  if (provider === "cuda") await wakeGpu();
  await sendChannels(job, missing, queue);
}

/** @param channels 1-based */
export async function sendChannels(
  { id: jobId }: Job,
  channels: readonly number[],
  queue: MessageSender,
): Promise<void> {
  await queue.sendAll(channels.map((channel) => channelMessage({ jobId, channel })));
}
