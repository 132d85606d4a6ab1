import type { MessageSender, OutgoingMessage } from "../../queue/message-queue.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { encodeChannelJob } from "./messages.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { dispatchedKey, parseResultKey, requestKey, resultPrefix } from "../keys.ts";
import type { JobPlan } from "./plan.ts";

/** Where channel messages go; `gpu` is `null` where no GPU workers are deployed. */
export interface ChannelQueues {
  readonly cpu: MessageSender;
  readonly gpu: MessageSender | null;
}

export interface DispatchDeps {
  readonly store: ObjectStore;
  readonly queues: ChannelQueues;
  /** Starts GPU workers that sleep: an idle queue's metrics wake them slowly. */
  readonly wakeGpu: () => Promise<void>;
}

/**
 * Writes the job's request and sends its messages unless that has been done; repeats what a crash left
 * half done. The request is the plan's: another one under the same idempotency key leaves nothing here.
 */
export async function dispatchJob(plan: JobPlan, deps: DispatchDeps): Promise<void> {
  const marker = dispatchedKey(plan.jobId);
  if ((await deps.store.head(marker)) !== null) return;
  const request = encodeJson(plan.request);
  await deps.store.putIfAbsent(requestKey(plan.jobId), request, JSON_TYPE);
  await sendMissingChannels(plan, deps);
  await deps.store.putIfAbsent(marker, encodeJson({ version: 1, total: plan.total }), JSON_TYPE);
}

/** One message for each channel without a result, whether or not one is on its way already. */
export async function sendMissingChannels(plan: JobPlan, deps: DispatchDeps): Promise<void> {
  const queue = plan.provider === "cuda" ? deps.queues.gpu : deps.queues.cpu;
  if (queue === null) {
    throw new Error(
      `job ${plan.jobId} was planned for GPU workers, but there is no queue for them`,
    );
  }
  const ended = await endedChannels(deps.store, plan.jobId);
  const missing = plan.channels.filter((channel) => !ended.has(channel));
  if (missing.length === 0) return;
  if (plan.provider === "cuda") await deps.wakeGpu();
  await sendChannels(queue, plan.jobId, missing);
}

/** Channels are 1-based. */
export async function sendChannels(
  queue: MessageSender,
  jobId: string,
  channels: readonly number[],
): Promise<void> {
  await queue.sendAll(channels.map((channel) => channelMessage(jobId, channel)));
}

/** The channels (1-based) that have a result. */
export async function endedChannels(store: ObjectStore, jobId: string): Promise<Set<number>> {
  const ended = new Set<number>();
  for await (const { key } of store.list(resultPrefix(jobId))) {
    const result = parseResultKey(key);
    if (result !== null) ended.add(result.channel);
  }
  return ended;
}

/** One group per job: a large job does not starve a small one (SQS fair queues). */
function channelMessage(jobId: string, channel: number): OutgoingMessage {
  return { body: encodeChannelJob({ jobId, channel }), groupId: jobId };
}
