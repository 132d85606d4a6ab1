import type * as z from "zod";

import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { estimateOf } from "../../lib/pipeline/job/estimate.ts";
import { jobPace } from "../../lib/pipeline/job/job-pace.ts";
import type { JobStatus } from "../../lib/pipeline/job/job-status.ts";
import type { ChannelEnd } from "../../lib/pipeline/job/result.ts";
import { type Completion, countsOf, PICTURES_SHOWN } from "../../lib/pipeline/job/tally.ts";
import { shortestRequest } from "../../lib/pipeline/request/shortest-request.ts";
import { missingGlyphsNotice } from "../../lib/pipeline/sheet/missing-glyphs.ts";
import type { ObjectLinks } from "../../lib/storage/object-store.ts";
import type { ApiRequest } from "./api-request.ts";
import { channelPageLink, jobLink } from "./links.ts";
import type { channelPageSchema } from "./input-schemas.ts";
import type { ApiDeps } from "./route.ts";
import type { jobListSchema, jobSchema } from "./schemas.ts";

export type JobDocument = z.input<typeof jobSchema>;
type JobSummary = z.input<typeof jobListSchema>["jobs"][number];
type ChannelDocument = JobDocument["channels"][number];

/** A page of at least a tenth of an ended job's channels comes from its manifest, in one read. */
const PAGES_IN_MANIFEST = 10;

/** What is asked of a job: one page of its channels. */
export interface JobQuery extends Pick<ApiRequest, "basePath"> {
  readonly query: z.output<typeof channelPageSchema>;
}

/** The job with one page of its channels. */
export async function describeJob(
  status: JobStatus,
  { basePath, query: { offset, limit } }: JobQuery,
  deps: ApiDeps,
): Promise<JobDocument> {
  const { links } = deps;
  const { plan, job, completion, isWaiting } = status;
  const summary = summariseJob(status, basePath, deps);
  const hasMore = offset + limit < plan.channels.length;
  const next = hasMore
    ? channelPageLink(basePath, job.id, { offset: offset + limit, limit })
    : null;
  const channels = plan.channels
    .slice(offset, offset + limit)
    .map((channel, i) => ({ channel, label: plan.labels[offset + i] ?? null }));
  const isLarge = channels.length * PAGES_IN_MANIFEST >= plan.total;
  const ends = completion !== null && isLarge ? await job.images.findEnds() : null;
  const endOf = async (channel: number) =>
    isWaiting(channel) ? null : (ends?.get(channel) ?? job.findResult(channel));
  return {
    ...summary,
    request: { ...plan.request },
    shortest: { ...shortestRequest(plan) },
    tileSize: { ...plan.tileSize },
    estimate: estimateOf(plan),
    sheet: completion && (await describeSheet(completion, job, links)),
    channels: await mapConcurrently(channels, async ({ channel, label }) => ({
      channel,
      label,
      ...(await describeEnd(await endOf(channel), links)),
    })),
    links: { ...summary.links, next },
  };
}

async function describeSheet(
  { montage, manifest, missingGlyphs }: Completion,
  job: JobStatus["job"],
  links: ObjectLinks,
): Promise<JobDocument["sheet"]> {
  return {
    montage: await links.linkToGet(montage),
    manifest: await links.linkToGet(manifest),
    notices: missingGlyphs === undefined ? [] : [missingGlyphsNotice(missingGlyphs)],
    deepZoom: await job.images.findDeepZoom(),
  };
}

/** What can be told of a job beyond what is stored. */
export type LiveDeps = Pick<ApiDeps, "now" | "liveSteps">;

export function summariseJob(
  status: JobStatus,
  basePath: string,
  { now, liveSteps }: LiveDeps,
): JobSummary {
  const { plan, completion, state } = status;
  const { jobId, network, layer, provider, createdAt } = plan;
  return {
    jobId,
    state,
    network: network.id,
    layer: { index: layer.index, name: layer.name },
    provider,
    createdAt,
    completedAt: completion?.completedAt ?? null,
    ...countsOf(status),
    ...jobPace(status, liveSteps?.(jobId) ?? null, now()),
    pictures: completion?.pictures ?? picturesSoFar(status),
    links: { self: jobLink(basePath, jobId) },
  };
}

/** Of a job that has lost none, whatever has ended has a picture. */
function picturesSoFar({ plan, failed, cancelled, isWaiting }: JobStatus): number[] {
  if (failed + cancelled > 0) return [];
  return plan.channels.filter((channel) => !isWaiting(channel)).slice(0, PICTURES_SHOWN);
}

async function describeEnd(
  result: ChannelEnd | null,
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
    tile: await links.linkToGet(tile.key),
    raw: raw === null ? null : await links.linkToGet(raw.key),
    reason: null,
    quality,
  };
}
