import type { z } from "zod";

import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import type { Job } from "../../lib/pipeline/job/job.ts";
import type { JobStatus } from "../../lib/pipeline/job/job-status.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import type { ObjectLinks } from "../../lib/storage/object-store.ts";
import { channelPageLink, jobLink } from "./links.ts";
import type { channelPageSchema, jobListSchema, jobSchema } from "./schemas.ts";

export type JobDocument = z.input<typeof jobSchema>;
type JobSummary = z.input<typeof jobListSchema>["jobs"][number];
type ChannelDocument = JobDocument["channels"][number];

/** How long presigned links to images are good. */
const LINK_SECONDS = 3_600;

export interface DescribeOptions {
  readonly page: z.output<typeof channelPageSchema>;
  readonly basePath: string;
  readonly links: ObjectLinks;
}

/** The job with one page of its channels. */
export async function describeJob(
  job: Job,
  status: JobStatus,
  { page, basePath, links }: DescribeOptions,
): Promise<JobDocument> {
  const { plan, completion } = status;
  const { offset, limit } = page;
  const summary = summariseJob(status, basePath);
  const hasMore = offset + limit < plan.channels.length;
  const next = hasMore
    ? channelPageLink(basePath, job.id, { offset: offset + limit, limit })
    : null;
  const channels = plan.channels
    .slice(offset, offset + limit)
    .map((channel, i) => ({ channel, label: plan.labels[offset + i] ?? null }));
  return {
    ...summary,
    sheet:
      completion === null
        ? null
        : {
            montage: await links.linkToGet(completion.montage, LINK_SECONDS),
            manifest: await links.linkToGet(completion.manifest, LINK_SECONDS),
          },
    channels: await mapConcurrently(channels, async ({ channel, label }) => ({
      channel,
      label,
      ...(await describeEnd(await job.findResult(channel), links)),
    })),
    links: { ...summary.links, next },
  };
}

export function summariseJob(status: JobStatus, basePath: string): JobSummary {
  const { plan, completion, state, ...counts } = status;
  const { jobId, network, layer, provider, createdAt } = plan;
  return {
    jobId,
    state,
    network: network.id,
    layer: { index: layer.index, name: layer.name },
    provider,
    createdAt,
    completedAt: completion?.completedAt ?? null,
    ...counts,
    links: { self: jobLink(basePath, jobId) },
  };
}

async function describeEnd(
  result: ChannelResult | null,
  links: ObjectLinks,
): Promise<Omit<ChannelDocument, "channel" | "label">> {
  const nothing = { activation: null, tile: null, raw: null, reason: null, quality: null };
  if (result === null) return { state: "waiting", ...nothing };
  if (result.state === "cancelled") return { state: "cancelled", ...nothing };
  if (result.state === "failed") return { state: "failed", ...nothing, reason: result.reason };
  const { activation, tile, raw, quality } = result;
  return {
    state: "ok",
    activation,
    tile: await links.linkToGet(tile.key, LINK_SECONDS),
    raw: raw === null ? null : await links.linkToGet(raw.key, LINK_SECONDS),
    reason: null,
    quality,
  };
}
