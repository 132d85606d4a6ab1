import * as z from "zod";

import { deadlineOf, type JobPlan } from "./plan.ts";

/** How often a channel's image has been begun in a round. */
export const attemptsSchema = z.strictObject({
  version: z.literal(1),
  attempts: z.int().min(0),
});

/** What makes a round after the first. */
export const retrySchema = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  /** Those that the round draws again; all others stay as the rounds before ended them. */
  channels: z.array(z.int().min(1)).min(1),
  retriedAt: z.iso.datetime(),
  deadline: z.iso.datetime(),
});
export type Retry = z.infer<typeof retrySchema>;

/** What begins a round that draws these channels (1-based) again. */
export function retryOf(
  { jobId, seconds }: JobPlan,
  channels: readonly number[],
  now: Date,
): Retry {
  const deadline = deadlineOf(now, seconds, channels.length);
  return {
    version: 1,
    jobId,
    channels: [...channels],
    retriedAt: now.toISOString(),
    deadline: deadline.toISOString(),
  };
}
