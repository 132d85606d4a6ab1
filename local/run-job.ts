import { join } from "node:path";

import { networkFolders } from "../lib/networks/folders.ts";
import type { OpenOptions } from "../lib/networks/registry.ts";
import { mapConcurrently } from "../lib/pipeline/concurrency.ts";
import { drawnFiles } from "./drawn-files.ts";
import { type RenderRequest, RequestError } from "../lib/pipeline/request/request.ts";
import { followJob, submitRequest } from "./follow-job.ts";
import type { LocalPipeline } from "./pipeline.ts";
import type { JobOutcome, RequestEvent, RunEvent } from "./run-events.ts";
import { stageRequest } from "./stage-request.ts";

export interface RunOptions {
  readonly onProgress?: (event: RunEvent) => void;
  /** Where networks are looked for. @default those of the environment */
  readonly networks?: OpenOptions;
  /** Gives up waiting; jobs that were begun go on when the pipeline runs again. */
  readonly signal?: AbortSignal;
}

/** While one job's last image is being rendered, the next job keeps the cores busy. */
const JOBS_AT_A_TIME = 2;

/**
 * Runs requests through the pipeline, in their order, as a user of the cloud would: the network
 * into the bucket, the request into the drop zone, then wait for the sheet.
 *
 * @param requests may name networks and images by path
 * @throws NetworkError if a network cannot be opened; the signal's reason once it is aborted
 */
export async function runJobs(
  pipeline: LocalPipeline,
  requests: readonly RenderRequest[],
  { onProgress, networks = networkFolders(process.env), signal }: RunOptions = {},
): Promise<readonly JobOutcome[]> {
  return mapConcurrently(
    [...requests.entries()],
    async ([index, request]) => {
      const tell = (event: RequestEvent) => onProgress?.({ ...event, request: index });
      const outcome = await runJob(pipeline, request, { tell, networks, signal });
      tell({ kind: "ended", outcome });
      return outcome;
    },
    JOBS_AT_A_TIME,
  );
}

interface JobOptions {
  readonly tell: (event: RequestEvent) => void;
  readonly networks: OpenOptions;
  readonly signal: AbortSignal | undefined;
}

async function runJob(
  pipeline: LocalPipeline,
  request: RenderRequest,
  { tell, networks, signal }: JobOptions,
): Promise<JobOutcome> {
  try {
    const { store, networks: published } = pipeline;
    const onNotice = (notice: string) => tell({ kind: "notice", notice });
    const staged = await stageRequest(request, { store, networks, published, onNotice });
    const acceptance = await submitRequest(pipeline, staged, signal);
    if (acceptance.status === "rejected") {
      return { kind: "rejected", problems: acceptance.problems };
    }
    const { plan } = acceptance;
    tell({ kind: "accepted", plan });
    const completion = await followJob(pipeline, plan, { tell, signal });
    const path = (key: string) => join(pipeline.bucketFolder, ...key.split("/"));
    const files = await drawnFiles(pipeline.acceptDeps.jobs.open(plan.jobId));
    return {
      kind: "ended",
      plan,
      completion,
      sheetPath: path(completion.montage),
      manifestPath: path(completion.manifest),
      tilePaths: files.map(path),
    };
  } catch (error) {
    if (error instanceof RequestError) return { kind: "rejected", problems: error.problems };
    throw error;
  }
}
