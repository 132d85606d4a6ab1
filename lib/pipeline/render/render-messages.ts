import { mapConcurrently } from "../concurrency.ts";
import type { Job } from "../job/job.ts";
import type { Jobs } from "../job/jobs.ts";
import { type ChannelJob, parseChannelJob } from "../job/messages.ts";
import {
  type ChannelDeps,
  type ChannelHooks,
  type Delivery,
  renderChannels,
} from "./render-channels.ts";

/** A channel message as it came from the queue. */
export interface ChannelMessage {
  readonly messageId: string;
  readonly body: string;
}

export interface RenderDeps extends ChannelDeps {
  readonly jobs: Jobs;
}

export interface MessageHooks extends ChannelHooks {
  readonly onFailure?: (failure: FailedMessage) => void;
}

/** A message that will be delivered again, or go to the dead-letter queue. */
export interface FailedMessage {
  readonly messageId: string;
  /** `null`: the message does not say which channel it is about. */
  readonly job: ChannelJob | null;
  readonly error: unknown;
}

/**
 * Renders the channels of a batch of messages, those of one job together.
 *
 * Delivery is at least once: a channel that has a result is not rendered again, and of two workers
 * that render it at the same time the first result written stands.
 *
 * @returns ids of the messages to be delivered again; the others are done with
 */
export async function renderMessages(
  messages: readonly ChannelMessage[],
  deps: RenderDeps,
  hooks: MessageHooks = {},
): Promise<readonly string[]> {
  const failed: string[] = [];
  const fail = (failure: FailedMessage) => {
    failed.push(failure.messageId);
    hooks.onFailure?.(failure);
  };
  for (const [jobId, channels] of groupByJob(messages, fail)) {
    const errors = await renderJob(deps.jobs.open(jobId), [...channels.keys()], deps, hooks);
    for (const [channel, messageIds] of channels) {
      if (!errors.has(channel)) continue;
      const error = errors.get(channel);
      for (const messageId of messageIds) fail({ messageId, job: { jobId, channel }, error });
    }
  }
  return failed;
}

/** Ids of messages by job and channel: duplicates share their fate. */
function groupByJob(
  messages: readonly ChannelMessage[],
  fail: (failure: FailedMessage) => void,
): ReadonlyMap<string, ReadonlyMap<number, readonly string[]>> {
  const jobs = new Map<string, Map<number, readonly string[]>>();
  for (const { messageId, body } of messages) {
    try {
      const { jobId, channel } = parseChannelJob(body);
      const channels = jobs.get(jobId) ?? new Map<number, readonly string[]>();
      channels.set(channel, [...(channels.get(channel) ?? []), messageId]);
      jobs.set(jobId, channels);
    } catch (error) {
      fail({ messageId, job: null, error });
    }
  }
  return jobs;
}

/** What went wrong with each channel that is to be delivered again. */
async function renderJob(
  job: Job,
  channels: readonly number[],
  deps: ChannelDeps,
  hooks: ChannelHooks,
): Promise<ReadonlyMap<number, unknown>> {
  try {
    const latest = await job.latest();
    return await renderChannels(latest, await withoutResult(latest, channels), deps, hooks);
  } catch (error) {
    // what concerns the whole job (its plan, its network, the store) fails all its messages
    return new Map(channels.map((channel) => [channel, error]));
  }
}

async function withoutResult(job: Job, channels: readonly number[]): Promise<Delivery[]> {
  const planned = new Set((await job.plan()).channels);
  const waiting = await mapConcurrently(channels, async (channel) => {
    if (!planned.has(channel)) {
      throw new Error(`channel ${channel} is not in the plan of job ${job.id}`);
    }
    if (await job.hasEnded(channel)) return null;
    return { channel, attempts: await job.attempts(channel) };
  });
  return waiting.filter((delivery) => delivery !== null);
}
