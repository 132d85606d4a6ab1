import { z } from "zod";

import { type Provider, PROVIDERS } from "../../autodiff/provider.ts";
import { JOB_DEADLINE_SECONDS } from "../limits.ts";
import { type ResolvedRequest, resolvedRequestSchema } from "../request/resolved-request.ts";

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

export interface PlanFacts {
  readonly jobId: string;
  readonly requestHash: string;
  readonly provider: Provider;
  readonly codeVersion: string;
  readonly createdAt: Date;
}

export function planJob(resolved: ResolvedRequest, facts: PlanFacts): JobPlan {
  const deadline = new Date(facts.createdAt.getTime() + JOB_DEADLINE_SECONDS * 1000);
  return {
    version: 1,
    ...facts,
    createdAt: facts.createdAt.toISOString(),
    deadline: deadline.toISOString(),
    total: resolved.channels.length,
    ...resolved,
  };
}
