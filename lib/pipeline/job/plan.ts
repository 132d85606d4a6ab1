import * as z from "zod";

import { PROVIDERS } from "../../autodiff/provider.ts";
import { DEADLINE_PARALLEL_IMAGES, JOB_DEADLINE_SECONDS, MAX_JOB_SECONDS } from "../limits.ts";
import { type ResolvedRequest, resolvedRequestSchema } from "../request/resolved-request.ts";
import { CODE_VERSION } from "../version.ts";

export const planSchema = resolvedRequestSchema.extend({
  version: z.literal(1),
  jobId: z.string(),
  /** Of the request in normal form; another request under the same idempotency key has another. */
  requestHash: z.string(),
  createdAt: z.iso.datetime(),
  /** Channels that have not ended by then become failed. */
  deadline: z.iso.datetime(),
  codeVersion: z.string(),
  provider: z.enum(PROVIDERS),
  /** N, the number of results the job ends with. */
  total: z.int().min(1),
});

/** What a request resolved to. Written once; all that workers and assembler know of the job. */
export type JobPlan = z.infer<typeof planSchema>;

interface PlanFacts extends Pick<JobPlan, "jobId" | "requestHash" | "provider"> {
  readonly createdAt: Date;
}

/** As it will be read again, to the order of its fields: sheets are made of that, in any process. */
export function planJob(resolved: ResolvedRequest, facts: PlanFacts): JobPlan {
  const deadline = deadlineOf(facts.createdAt, resolved.seconds, resolved.channels.length);
  return planSchema.parse({
    version: 1,
    codeVersion: CODE_VERSION,
    ...facts,
    createdAt: facts.createdAt.toISOString(),
    deadline: deadline.toISOString(),
    total: resolved.channels.length,
    ...resolved,
  });
}

/** When what has not ended becomes failed: a day, and the time that so many images take. */
export function deadlineOf(
  begun: Date,
  seconds: ResolvedRequest["seconds"],
  channels: number,
): Date {
  const rendering = (channels * (seconds?.channel ?? 0)) / DEADLINE_PARALLEL_IMAGES;
  const longest = Math.max(rendering, seconds?.channel ?? 0);
  return new Date(
    begun.getTime() + 1_000 * Math.min(MAX_JOB_SECONDS, JOB_DEADLINE_SECONDS + longest),
  );
}
