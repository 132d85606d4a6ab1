import { z } from "zod";

import { parseManifest } from "../../networks/manifest.ts";
import { JOB_DEADLINE_SECONDS } from "../limits.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { requestSchema } from "../request/request.ts";
import type { ResolvedRequest } from "../request/resolved-request.ts";

const size = { width: z.int().min(1), height: z.int().min(1) };

export const planSchema = z.strictObject({
  version: z.literal(1),
  jobId: z.string(),
  /** Of the request in normal form; another request under the same idempotency key has another. */
  requestHash: z.string(),
  createdAt: z.iso.datetime(),
  /** Channels that have not ended by then become failed. */
  deadline: z.iso.datetime(),
  codeVersion: z.string(),
  provider: z.enum(["cpu", "cuda"]),
  /** In normal form: layer and channels are 1-based indices. */
  request: requestSchema,
  /** As it was when the job was accepted, the model's SHA-256 included. */
  network: z.unknown().transform((json) => parseManifest(json, "plan.json")),
  layer: z.strictObject({ index: z.int().min(1), name: z.string(), channels: z.int().min(1) }),
  /** N, the number of results the job ends with. */
  total: z.int().min(1),
  /** 1-based, in the order of the sheet. */
  channels: z.array(z.int().min(1)).min(1),
  labels: z.array(z.string().nullable()),
  initialImage: z.strictObject({ key: z.string(), sha256: z.string(), ...size }).nullable(),
  tileSize: z.strictObject(size),
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
  const { createdAt, ...rest } = facts;
  const deadline = new Date(createdAt.getTime() + JOB_DEADLINE_SECONDS * 1000);
  return {
    version: 1,
    ...rest,
    createdAt: createdAt.toISOString(),
    deadline: deadline.toISOString(),
    request: resolved.request,
    network: resolved.manifest,
    layer: resolved.layer,
    total: resolved.channels.length,
    channels: [...resolved.channels],
    labels: [...resolved.labels],
    initialImage: resolved.initialImage,
    tileSize: { width: resolved.tileSize.width, height: resolved.tileSize.height },
  };
}
