import * as z from "zod";

import type { OutgoingMessage } from "../../queue/message-queue.ts";
import { parseJson } from "../json.ts";
import { JOB_ID } from "../keys.ts";
import { MAX_CHANNEL_INDEX, RECONCILE_SECONDS } from "../limits.ts";

const channelJobSchema = z.strictObject({
  jobId: z.string().regex(JOB_ID),
  /** 1-based. */
  channel: z.int().min(1).max(MAX_CHANNEL_INDEX),
  /** Of the job. @default 0, the first */
  round: z.int().min(1).optional(),
  /** Goes on with the checkpoint of this part. @default 0, which has none */
  part: z.int().min(1).optional(),
});

/** One unit of the fan-out, the body of a channel message. All else is in the job's plan. */
export type ChannelJob = z.infer<typeof channelJobSchema>;

/** One group per job: a large job does not starve a small one (SQS fair queues). */
export function channelMessage(job: ChannelJob): OutgoingMessage {
  return { body: JSON.stringify(job), groupId: job.jobId };
}

/** The channel that a message is about. @throws Error saying what is wrong with its body */
export function parseChannelJob(body: string): ChannelJob {
  try {
    return parseJson(body, channelJobSchema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`not a channel message: ${reason}`, { cause: error });
  }
}

const reconcileSchema = z.strictObject({
  type: z.literal("reconcile"),
  jobId: z.string().regex(JOB_ID),
});

/** Asks the assembler to look at a job again, whatever events came or did not. */
export type Reconcile = z.infer<typeof reconcileSchema>;

/** Has a job looked at again: at once, or when something may have been cut off. */
export function reconcileMessage(jobId: string, when: "now" | "later"): OutgoingMessage {
  const body = JSON.stringify({ type: "reconcile", jobId } satisfies Reconcile);
  return { body, groupId: jobId, ...(when === "later" && { delaySeconds: RECONCILE_SECONDS }) };
}

/** `null` if the body is something else. */
export function parseReconcile(body: unknown): Reconcile | null {
  return reconcileSchema.safeParse(body).data ?? null;
}
