import * as z from "zod";

import type { NetworkDescription } from "../../lib/networks/description.ts";
import { DescriptionError } from "../../lib/networks/errors.ts";
import { haveSameModel } from "../../lib/networks/network-files.ts";
import { inGroups, mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import {
  acceptRequest,
  IdempotencyConflictError,
  tryRequest,
} from "../../lib/pipeline/job/accept-request.ts";
import { cancelJob } from "../../lib/pipeline/job/cancel-job.ts";
import { estimateOf } from "../../lib/pipeline/job/estimate.ts";
import type { Job } from "../../lib/pipeline/job/job.ts";
import { readJobStatus } from "../../lib/pipeline/job/job-status.ts";
import { retryJob } from "../../lib/pipeline/job/retry-job.ts";
import { DamagedObjectError } from "../../lib/pipeline/json.ts";
import { findPublishedDescription } from "../../lib/pipeline/networks/published-description.ts";
import { requestSchema } from "../../lib/pipeline/request/request.ts";
import { NO_INPUT } from "./check-input.ts";
import { jobLink, jobPageLink } from "./links.ts";
import { describeJob, type JobQuery, summariseJob } from "./describe-job.ts";
import { lookAtEach } from "./look-at-each.ts";
import { ProblemError } from "./problem.ts";
import { type ApiDeps, defineRoute } from "./route.ts";
import { channelPageSchema, dryRunSchema, jobPageSchema } from "./input-schemas.ts";
import { acceptedSchema, jobIdSchema, jobListSchema, jobSchema } from "./schemas.ts";

/** Of the routes that answer with a job, and one page of its channels. */
const JOB_INPUT = {
  ...NO_INPUT,
  path: z.strictObject({ jobId: jobIdSchema }),
  query: channelPageSchema,
};
const JOB_ANSWER = { schema: jobSchema, schemaName: "Job" };

export const createJob = defineRoute({
  method: "POST",
  template: "/jobs",
  operationId: "createJob",
  summary:
    "Renders channels of a layer; the same request again is the same job, and redraws what failed",
  ...NO_INPUT,
  query: dryRunSchema,
  body: { schema: requestSchema, schemaName: "RenderRequest" },
  takesIdempotencyKey: true,
  success: {
    status: 202,
    description: "the job is under way, or for a dry run, what it would be",
    schema: acceptedSchema,
    schemaName: "Accepted",
    headers: { Location: "address of the job" },
  },
  problems: ["idempotency-key-reused"],
  handle: async ({ query: { dryRun }, body, idempotencyKey, basePath }, deps) => {
    const accept = dryRun ? tryRequest : acceptRequest;
    const acceptance = await accept(body, deps, { idempotencyKey }).catch((error: unknown) => {
      if (!(error instanceof IdempotencyConflictError)) throw error;
      throw new ProblemError("idempotency-key-reused", [`Idempotency-Key: ${error.message}`]);
    });
    if (acceptance.status === "rejected") {
      throw new ProblemError("invalid-request", acceptance.problems);
    }
    const { jobId, plan } = acceptance;
    if (!dryRun) deps.onAccepted?.(plan);
    const self = jobLink(basePath, jobId);
    const estimate = estimateOf(plan);
    return {
      body: { jobId, total: plan.total, estimate, links: { self } },
      headers: { Location: self },
    };
  },
});

export const getJob = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}",
  operationId: "getJob",
  summary: "How far a job is, with links to its images",
  ...JOB_INPUT,
  success: { status: 200, description: "the job", ...JOB_ANSWER },
  problems: ["not-found"],
  handle: (input, deps) => answerJob(deps.jobs.open(input.path.jobId), input, deps),
});

export const listJobs = defineRoute({
  method: "GET",
  template: "/jobs",
  operationId: "listJobs",
  summary: "All jobs, page by page",
  ...NO_INPUT,
  query: jobPageSchema,
  success: {
    status: 200,
    description: "one page of jobs",
    schema: jobListSchema,
    schemaName: "JobList",
  },
  problems: [],
  handle: async ({ query, basePath }, deps) => {
    const { after = null, limit, ...filter } = query;
    const matches = await matching(filter, deps);
    const { listed, last } = await listMatching(deps.jobs.list(after), matches, limit);
    const next = last === null ? null : jobPageLink(basePath, { after: last, limit, ...filter });
    const { found, problems } = await lookAtEach(listed, readJobStatus, DamagedObjectError);
    const summaries = found.map((status) => summariseJob(status, basePath, deps));
    return { body: { jobs: summaries, problems, links: { next } } };
  },
});

type JobFilter = Pick<z.output<typeof jobPageSchema>, "network" | "layer">;
type IsListed = (job: Job) => Promise<boolean>;

/** Plans that one call reads to find jobs of a network: a second's work in the cloud. */
const MAX_JOBS_SEARCHED = 500;
/** One by one, each read would wait for the one before. */
const SEARCHED_TOGETHER = 50;

/** One page of the jobs that a filter lets through. `last`: behind it there may be more */
async function listMatching(
  jobs: AsyncIterable<Job>,
  isListed: IsListed,
  limit: number,
): Promise<{ readonly listed: readonly Job[]; readonly last: string | null }> {
  const listed: Job[] = [];
  let [searched, last] = [0, ""];
  for await (const some of inGroups(jobs, SEARCHED_TOGETHER)) {
    const found = await mapConcurrently(some, isListed);
    for (const [i, job] of some.entries()) {
      if (listed.length === limit || searched === MAX_JOBS_SEARCHED) return { listed, last };
      searched++;
      last = job.id;
      if (found[i] === true) listed.push(job);
    }
  }
  return { listed, last: null };
}

/** Which jobs a filter lets through. */
async function matching({ network, layer }: JobFilter, deps: ApiDeps): Promise<IsListed> {
  if (network === undefined && layer === undefined) return async () => true;
  const isOfNetwork = network === undefined ? () => true : await drawnBy(network, deps);
  return async (job) => {
    try {
      const plan = await job.findPlan();
      if (plan === null) return false;
      return isOfNetwork(plan.network) && (layer === undefined || plan.layer.index === layer);
    } catch (error) {
      // listed, so that it is told of
      if (error instanceof DamagedObjectError) return true;
      throw error;
    }
  };
}

/**
 * Whether a job's network is the one of that name. Where there is one now, another that had its
 * name and was removed is not it.
 */
async function drawnBy(
  id: string,
  { store }: ApiDeps,
): Promise<(network: NetworkDescription) => boolean> {
  const present = await findPublishedDescription(store, id).catch((error: unknown) => {
    // of a broken one nothing is known but its name
    if (error instanceof DescriptionError) return null;
    throw error;
  });
  return (drawn) =>
    drawn.id === id && (present === null || haveSameModel(present.files, drawn.files));
}

export const deleteJob = defineRoute({
  method: "DELETE",
  template: "/jobs/{jobId}",
  operationId: "cancelJob",
  summary: "Stops a job: channels that have not ended end as cancelled",
  ...JOB_INPUT,
  success: { status: 202, description: "the job has been told to stop", ...JOB_ANSWER },
  problems: ["not-found", "conflict"],
  handle: async (input, deps) => {
    const job = await deps.jobs.open(input.path.jobId).latest();
    if ((await cancelJob(job, deps)) === "ended") {
      throw new ProblemError("conflict", [`job '${job.id}' has ended; there is nothing to cancel`]);
    }
    return answerJob(job, input, deps);
  },
});

const NOTHING_TO_RETRY = {
  running: "has not ended; wait for its end, or cancel it",
  whole: "has all its images; there is nothing to draw again",
} as const;

export const retryJobRoute = defineRoute({
  method: "POST",
  template: "/jobs/{jobId}/retry",
  operationId: "retryJob",
  summary: "Draws again what an ended job has no image of: channels that failed or were cancelled",
  ...JOB_INPUT,
  success: { status: 202, description: "those channels are under way", ...JOB_ANSWER },
  problems: ["not-found", "conflict"],
  handle: async (input, deps) => {
    const job = await deps.jobs.open(input.path.jobId).latest();
    const outcome = await retryJob(job, deps);
    if (outcome === "running" || outcome === "whole") {
      throw new ProblemError("conflict", [`job '${job.id}' ${NOTHING_TO_RETRY[outcome]}`]);
    }
    return answerJob(job, input, deps);
  },
});

/** @throws ProblemError if there is no such job */
async function answerJob(job: Job, input: JobQuery, deps: ApiDeps) {
  const status = await readJobStatus(job);
  if (status === null) throw new ProblemError("not-found", [`there is no job '${job.id}'`]);
  return { body: await describeJob(status, input, deps) };
}
