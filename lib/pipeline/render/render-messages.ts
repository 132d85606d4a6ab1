import { mapConcurrently } from "../concurrency.ts";
import type { Job } from "../job/job.ts";
import type { Jobs } from "../job/jobs.ts";
import { type ChannelJob, parseChannelJob } from "../job/messages.ts";
import { decodeCheckpoint } from "./checkpoint.ts";
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
 * Renders the channels of a batch of messages, those of one job together, the job with the fewest
 * first.
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
  // a job of which there are few does not wait for one of which there are many
  const jobs = [...groupByJob(messages, fail)].toSorted(([, a], [, b]) => a.size - b.size);
  for (const [jobId, channels] of jobs) {
    const parts = new Map([...channels].map(([channel, { part }]) => [channel, part]));
    const errors = await renderJob(deps.jobs.open(jobId), parts, deps, hooks);
    for (const [channel, { messageIds }] of channels) {
      if (!errors.has(channel)) continue;
      const error = errors.get(channel);
      for (const messageId of messageIds) fail({ messageId, job: { jobId, channel }, error });
    }
  }
  return failed;
}

/** Messages about one channel, and the last of the parts that they name. */
interface ChannelMessages {
  readonly messageIds: readonly string[];
  readonly part: number;
}

/** Ids of messages by job and channel: duplicates share their fate. */
function groupByJob(
  messages: readonly ChannelMessage[],
  fail: (failure: FailedMessage) => void,
): ReadonlyMap<string, ReadonlyMap<number, ChannelMessages>> {
  const jobs = new Map<string, Map<number, ChannelMessages>>();
  for (const { messageId, body } of messages) {
    try {
      const { jobId, channel, part = 0 } = parseChannelJob(body);
      const channels = jobs.get(jobId) ?? new Map<number, ChannelMessages>();
      const known = channels.get(channel) ?? { messageIds: [], part };
      channels.set(channel, {
        messageIds: [...known.messageIds, messageId],
        part: Math.max(part, known.part),
      });
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
  parts: ReadonlyMap<number, number>,
  deps: ChannelDeps,
  hooks: ChannelHooks,
): Promise<ReadonlyMap<number, unknown>> {
  try {
    const latest = await job.latest();
    // its plan was there before its messages: who has deleted it wants nothing more of it
    if ((await latest.findPlan()) === null) return new Map();
    return await renderChannels(latest, await withoutResult(latest, parts), deps, hooks);
  } catch (error) {
    // what concerns the whole job (its plan, its network, the store) fails all its messages
    return new Map([...parts.keys()].map((channel) => [channel, error]));
  }
}

/**
 * What is to be done of the channels: those without a result, and without a message about a later
 * part, whose worker goes on with them.
 *
 * @param parts by channel (1-based), those that their messages name
 */
async function withoutResult(job: Job, parts: ReadonlyMap<number, number>): Promise<Delivery[]> {
  const planned = new Set((await job.plan()).channels);
  const waiting = await mapConcurrently([...parts], async ([channel, part]) => {
    if (!planned.has(channel)) {
      throw new Error(`channel ${channel} is not in the plan of job ${job.id}`);
    }
    if (await job.hasEnded(channel)) {
      // by a cancellation or at the deadline, of which no worker was told
      await job.images.removeCheckpoint(channel);
      return null;
    }
    const bytes = await job.images.findCheckpoint(channel);
    const checkpoint = bytes && decodeCheckpoint(bytes);
    if (checkpoint && checkpoint.part > part) return null;
    const isStored = bytes !== null;
    return { channel, attempts: await job.images.attempts(channel), checkpoint, isStored };
  });
  return waiting.filter((delivery) => delivery !== null);
}
