import { z } from "zod";

import { acceptRequest, IdempotencyConflictError } from "../../lib/pipeline/job/accept-request.ts";
import { cancelJob } from "../../lib/pipeline/job/cancel-job.ts";
import { type JobStatus, listJobIds, readJobStatus } from "../../lib/pipeline/job/job-status.ts";
import { DamagedObjectError } from "../../lib/pipeline/json.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { requestSchema } from "../../lib/pipeline/request/request.ts";
import type { ObjectStore } from "../../lib/storage/object-store.ts";
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
    const status = await readJobStatus(deps.store, path.jobId);
    if (status === null) throw noSuchJob(path.jobId);
    return { body: await describeJob(status, { page: query, basePath }, deps) };
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
  handle: async ({ query, basePath }, { store }) => {
    const { after = null, limit } = query;
    const ids: string[] = [];
    for await (const jobId of listJobIds(store, after)) {
      ids.push(jobId);
      // one more than asked for tells whether there is a next page
      if (ids.length > limit) break;
    }
    const page = ids.slice(0, limit);
    const last = page.at(-1);
    const next =
      ids.length > limit && last !== undefined
        ? jobPageLink(basePath, { after: last, limit })
        : null;
    const found = (await mapConcurrently(page, (jobId) => lookAt(store, jobId))).flat();
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
async function lookAt(store: ObjectStore, jobId: string): Promise<(JobStatus | string)[]> {
  try {
    const status = await readJobStatus(store, jobId);
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
    const { jobId } = path;
    const outcome = await cancelJob(jobId, deps);
    if (outcome === "ended") {
      throw new ProblemError("conflict", [`job '${jobId}' has ended; there is nothing to cancel`]);
    }
    const status = outcome === "unknown" ? null : await readJobStatus(deps.store, jobId);
    if (status === null) throw noSuchJob(jobId);
    return { body: await describeJob(status, { page: query, basePath }, deps) };
  },
});

function noSuchJob(jobId: string): ProblemError {
  return new ProblemError("not-found", [`there is no job '${jobId}'`]);
}
