import type { MessageSender } from "../../queue/message-queue.ts";
import type { Job } from "./job.ts";
import { channelMessage } from "./messages.ts";

/** Where one kind of worker takes its channels from. */
export interface ChannelQueue extends MessageSender {
  /** Starts workers for so many more channels. @default they start by themselves */
  readonly startWorkers?: (channels: number) => Promise<void>;
}

/** What sets a job going, and sees to it that it ends. */
export interface JobDeps {
  /**
   * By the provider of their workers; `null` where none of that kind are deployed. A machine that
   * renders for itself has one queue, whatever it draws on.
   */
  readonly queues: {
    readonly cpu: ChannelQueue;
    readonly cuda: ChannelQueue | null;
    /** Of what is asked besides channels (`explain/ask.ts`). @default that of the CPU's */
    readonly questions?: MessageSender | undefined;
  };
  /** Carries a job's `reconcile` messages. */
  readonly assembly: MessageSender;
  readonly now: () => Date;
}

type DispatchDeps = Pick<JobDeps, "queues">;

/**
 * Writes the job's request and sends its messages unless that has been done; repeats what a crash
 * left half done. The request is the plan's: another one under the same idempotency key leaves
 * nothing here.
 */
export async function dispatchJob(job: Job, deps: DispatchDeps): Promise<void> {
  if (!(await job.isDispatched())) await dispatch(job, await job.missing(), deps);
}

/** As `dispatchJob`, of a job that this caller has just made: nothing of it can have been done. */
export async function dispatchNewJob(job: Job, deps: DispatchDeps): Promise<void> {
  await dispatch(job, await job.drawn(), deps);
}

/** @param channels 1-based; a message for each, whether or not one is on its way already */
async function dispatch(
  job: Job,
  channels: readonly number[],
  { queues }: DispatchDeps,
): Promise<void> {
  await job.writeRequest();
  const { provider } = await job.plan();
  // there are no workers for WebGPU but a machine's own
  const queue = provider === "webgpu" ? queues.cpu : queues[provider];
  if (queue === null) {
    throw new Error(`job ${job.id} was planned for GPU workers, but there is no queue for them`);
  }
  if (channels.length > 0) {
    await queue.startWorkers?.(channels.length);
    await sendChannels(job, channels, queue);
  }
  await job.markDispatched();
}

/**
 * Sends the messages of a job's channels, one each.
 *
 * @param channels 1-based
 * @param part of the checkpoints that they go on with; 0 for none
 */
export async function sendChannels(
  { id: jobId, round }: Job,
  channels: readonly number[],
  queue: MessageSender,
  part = 0,
): Promise<void> {
  const which = { ...(round > 0 && { round }), ...(part > 0 && { part }) };
  await queue.sendAll(channels.map((channel) => channelMessage({ jobId, channel, ...which })));
}
