import * as z from "zod";

import type { Job } from "../../lib/pipeline/job/job.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import { hasPiece } from "../../lib/pipeline/sheet/deep-zoom.ts";
import { LINK_SECONDS } from "../../lib/storage/object-store.ts";
import { NO_INPUT } from "./check-input.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";
import { channelPathSchema, deepZoomPieceSchema } from "./input-schemas.ts";
import { channelResultDocumentSchema, jobIdSchema, redirectSchema } from "./schemas.ts";

/*
 * These addresses stay: each call leads to a fresh presigned link, which ends within an hour. A
 * browser may keep the link of a picture for most of that hour, but not that of a sheet, which a
 * retry replaces.
 */
const KEPT = `private, max-age=${LINK_SECONDS - 600}`;
const NOT_KEPT = "no-cache";

/** What such a route answers. */
export const redirect = (what: string) =>
  ({
    status: 302,
    description: `${what} is at the presigned link of Location, for an hour at most; ask again for a fresh one`,
    schema: redirectSchema,
    schemaName: "Redirect",
    headers: { Location: "presigned link" },
  }) as const;

export async function redirectTo(key: string, { links }: ApiDeps, kept = KEPT) {
  const url = await links.linkToGet(key);
  const headers = { Location: url, "Cache-Control": kept };
  return { body: { url }, headers };
}

export const getChannel = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/channels/{channel}",
  operationId: "getChannel",
  summary: "How a channel of a job ended: its trace and figures, or why it failed",
  ...NO_INPUT,
  path: channelPathSchema,
  success: {
    status: 200,
    description: "the channel's result",
    schema: channelResultDocumentSchema,
    schemaName: "ChannelResult",
  },
  problems: ["not-found"],
  handle: async ({ path }, deps) => ({ body: await findEnd(path, deps) }),
});

export const getTile = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/tiles/{channel}",
  operationId: "getTile",
  summary: "The picture of a channel, at an address that stays",
  ...NO_INPUT,
  path: channelPathSchema,
  success: redirect("the picture"),
  problems: ["not-found"],
  handle: async ({ path }, deps) => {
    const end = await findEnd(path, deps);
    if (end.state === "ok") return redirectTo(end.tile.key, deps);
    const { jobId, channel } = path;
    const why = end.state === "failed" ? `failed: ${end.reason}` : "was cancelled";
    throw new ProblemError("not-found", [`channel ${channel} of job '${jobId}' ${why}`]);
  },
});

export const getAnimation = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/animations/{channel}",
  operationId: "getAnimation",
  summary: "How a channel's picture came about, where the request asked for it",
  ...NO_INPUT,
  path: channelPathSchema,
  success: redirect("the animation"),
  problems: ["not-found"],
  handle: ({ path }, deps) => redirectBeside("animation", path, deps),
});

export const getSvg = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/svgs/{channel}",
  operationId: "getSvg",
  summary: "A channel's picture as an SVG document, of one that is painted in ellipses",
  ...NO_INPUT,
  path: channelPathSchema,
  success: redirect("the SVG document"),
  problems: ["not-found"],
  handle: ({ path }, deps) => redirectBeside("svg", path, deps),
});

export const getSheet = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/sheet",
  operationId: "getSheet",
  summary: "The sheet of a job that has ended, at an address that stays",
  ...NO_INPUT,
  path: z.strictObject({ jobId: jobIdSchema }),
  success: redirect("the sheet"),
  problems: ["not-found"],
  handle: async ({ path: { jobId } }, deps) => {
    const job = await deps.jobs.open(jobId).latest();
    const completion = await job.findCompletion();
    if (completion !== null) return redirectTo(completion.montage, deps, NOT_KEPT);
    await requirePlan(job);
    throw new ProblemError("not-found", [`job '${jobId}' has not ended; it has no sheet yet`]);
  },
});

export const getDeepZoomPiece = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}/deep-zoom/{level}/{column}/{row}",
  operationId: "getDeepZoomPiece",
  summary: "A piece of a sheet that is too large for one image",
  ...NO_INPUT,
  path: deepZoomPieceSchema,
  success: redirect("the piece"),
  problems: ["not-found"],
  handle: async ({ path: { jobId, ...place } }, deps) => {
    const job = await deps.jobs.open(jobId).latest();
    const zoom = await job.images.findDeepZoom();
    if (zoom !== null && hasPiece(zoom, place)) {
      return redirectTo(job.keys.deepZoomPiece(place), deps, NOT_KEPT);
    }
    await requirePlan(job);
    throw new ProblemError("not-found", [`the sheet of job '${jobId}' has no such piece`]);
  },
});

/** To what some pictures have beside them. @throws ProblemError if this one has none */
async function redirectBeside(what: "animation" | "svg", path: ChannelPath, deps: ApiDeps) {
  const end = await findEnd(path, deps);
  const file = end.state === "ok" ? end[what] : undefined;
  if (file !== undefined) return redirectTo(file.key, deps);
  const { jobId, channel } = path;
  const name = what === "svg" ? "SVG" : what;
  throw new ProblemError("not-found", [`channel ${channel} of job '${jobId}' has no ${name}`]);
}

type ChannelPath = z.output<typeof channelPathSchema>;

/** @throws ProblemError if the channel has not ended */
async function findEnd({ jobId, channel }: ChannelPath, { jobs }: ApiDeps) {
  const job = await jobs.open(jobId).latest();
  const result = await job.findResult(channel);
  if (result !== null) return result;
  const { channels } = await requirePlan(job);
  throw new ProblemError("not-found", [
    channels.includes(channel)
      ? `channel ${channel} of job '${jobId}' has not ended`
      : `job '${jobId}' has no channel ${channel}`,
  ]);
}

/** @throws ProblemError if there is no such job */
async function requirePlan(job: Job): Promise<JobPlan> {
  const plan = await job.findPlan();
  if (plan === null) throw new ProblemError("not-found", [`there is no job '${job.id}'`]);
  return plan;
}
