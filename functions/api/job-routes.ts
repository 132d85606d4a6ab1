import { z } from "zod";

import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { acceptRequest, IdempotencyConflictError } from "../../lib/pipeline/job/accept-request.ts";
import { cancelJob } from "../../lib/pipeline/job/cancel-job.ts";
import type { Job } from "../../lib/pipeline/job/job.ts";
import { type JobStatus, readJobStatus } from "../../lib/pipeline/job/job-status.ts";
import { DamagedObjectError } from "../../lib/pipeline/json.ts";
import { requestSchema } from "../../lib/pipeline/request/request.ts";
import { NO_BODY } from "./check-input.ts";
import { jobLink, jobPageLink } from "./links.ts";
import { describeJob, summariseJob } from "./describe-job.ts";
import { ProblemError } from "./problem.ts";
import { defineRoute } from "./route.ts";
import {
  acceptedSchema,
  channelPageSchema,
  jobIdSchema,
  jobListSchema,
  jobPageSchema,
  jobSchema,
} from "./schemas.ts";

const jobPath = z.strictObject({ jobId: jobIdSchema });
const nothing = z.strictObject({});

export const createJob = defineRoute({
  method: "POST",
  template: "/jobs",
  operationId: "createJob",
  summary: "Renders channels of a layer; the same request again is the same job",
  path: nothing,
  query: nothing,
  body: { schema: requestSchema, schemaName: "RenderRequest" },
  takesIdempotencyKey: true,
  success: {
    status: 202,
    description: "the job is under way",
    schema: acceptedSchema,
    schemaName: "Accepted",
    headers: { Location: "address of the job" },
  },
  problems: ["idempotency-key-reused"],
  handle: async ({ body, idempotencyKey, basePath }, deps) => {
    const acceptance = await acceptRequest(body, deps, idempotencyKey).catch((error: unknown) => {
      if (!(error instanceof IdempotencyConflictError)) throw error;
      throw new ProblemError("idempotency-key-reused", [`Idempotency-Key: ${error.message}`]);
    });
    if (acceptance.status === "rejected") {
      throw new ProblemError("invalid-request", acceptance.problems);
    }
    const { jobId, plan } = acceptance;
    const self = jobLink(basePath, jobId);
    return { body: { jobId, total: plan.total, links: { self } }, headers: { Location: self } };
  },
});

export const getJob = defineRoute({
  method: "GET",
  template: "/jobs/{jobId}",
  operationId: "getJob",
  summary: "How far a job is, with links to its images",
  path: jobPath,
  query: channelPageSchema,
  body: NO_BODY,
  takesIdempotencyKey: false,
  success: { status: 200, description: "the job", schema: jobSchema, schemaName: "Job" },
  problems: ["not-found"],
  handle: async ({ path, query, basePath }, deps) => {
    const job = deps.jobs.open(path.jobId);
    const status = await readJobStatus(job);
    if (status === null) throw noSuchJob(job);
    return { body: await describeJob(job, status, { page: query, basePath, links: deps.links }) };
  },
});

export const listJobs = defineRoute({
  method: "GET",
  template: "/jobs",
  operationId: "listJobs",
  summary: "All jobs, page by page",
  path: nothing,
  query: jobPageSchema,
  body: NO_BODY,
  takesIdempotencyKey: false,
  success: {
    status: 200,
    description: "one page of jobs",
    schema: jobListSchema,
    schemaName: "JobList",
  },
  problems: [],
  handle: async ({ query, basePath }, { jobs }) => {
    const { after = null, limit } = query;
    const listed: Job[] = [];
    for await (const job of jobs.list(after)) {
      listed.push(job);
      // one more than asked for tells whether there is a next page
      if (listed.length > limit) break;
    }
    const page = listed.slice(0, limit);
    const last = page.at(-1);
    const next =
      listed.length > limit && last !== undefined
        ? jobPageLink(basePath, { after: last.id, limit })
        : null;
    const found = (await mapConcurrently(page, lookAt)).flat();
    return {
      body: {
        jobs: found.flatMap((status) =>
          typeof status === "string" ? [] : [summariseJob(status, basePath)],
        ),
        problems: found.filter((problem) => typeof problem === "string"),
        links: { next },
      },
    };
  },
});

/** The job, or what is wrong with it: one damaged job must not hide the others. */
async function lookAt(job: Job): Promise<(JobStatus | string)[]> {
  try {
    const status = await readJobStatus(job);
    return status === null ? [] : [status];
  } catch (error) {
    if (error instanceof DamagedObjectError) return [error.message];
    throw error;
  }
}

export const deleteJob = defineRoute({
  method: "DELETE",
  template: "/jobs/{jobId}",
  operationId: "cancelJob",
  summary: "Stops a job: channels that have not ended end as cancelled",
  path: jobPath,
  query: channelPageSchema,
  body: NO_BODY,
  takesIdempotencyKey: false,
  success: {
    status: 202,
    description: "the job has been told to stop",
    schema: jobSchema,
    schemaName: "Job",
  },
  problems: ["not-found", "conflict"],
  handle: async ({ path, query, basePath }, deps) => {
    const job = deps.jobs.open(path.jobId);
    const outcome = await cancelJob(job, deps);
    if (outcome === "ended") {
      throw new ProblemError("conflict", [`job '${job.id}' has ended; there is nothing to cancel`]);
    }
    const status = outcome === "unknown" ? null : await readJobStatus(job);
    if (status === null) throw noSuchJob(job);
    return { body: await describeJob(job, status, { page: query, basePath, links: deps.links }) };
  },
});

function noSuchJob({ id }: Job): ProblemError {
  return new ProblemError("not-found", [`there is no job '${id}'`]);
}
