import { join } from "node:path";

import { cacheFolder, defaultFolders } from "../lib/networks/folders.ts";
import type { OpenOptions } from "../lib/networks/registry.ts";
import { mapConcurrently } from "../lib/pipeline/concurrency.ts";
import { manifestKey, montageKey, tilePrefix } from "../lib/pipeline/keys.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import { type RenderRequest, RequestError } from "../lib/pipeline/request/request.ts";
import type { Completion } from "../lib/pipeline/job/tally.ts";
import { followJob, submitRequest } from "./follow-job.ts";
import type { LocalPipeline } from "./pipeline.ts";
import type { JobOutcome, RunEvent } from "./run-events.ts";
import { stageRequest } from "./stage-request.ts";

export interface RunOptions {
  readonly onProgress?: (event: RunEvent) => void;
  /** Where networks are looked for. @default those of the environment */
  readonly networks?: OpenOptions;
  /** @default 2 - while one job's last image is being rendered, the next keeps the cores busy */
  readonly jobsAtATime?: number;
  /** Gives up waiting; jobs that were begun go on when the pipeline runs again. */
  readonly signal?: AbortSignal;
}

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
  options: RunOptions = {},
): Promise<readonly JobOutcome[]> {
  const numbered = requests.map((request, index) => ({ request, index }));
  return mapConcurrently(
    numbered,
    async ({ request, index }) => {
      const outcome = await runJob(pipeline, request, index, options);
      options.onProgress?.({ kind: "ended", request: index, outcome });
      return outcome;
    },
    options.jobsAtATime ?? 2,
  );
}

async function runJob(
  pipeline: LocalPipeline,
  request: RenderRequest,
  index: number,
  options: RunOptions,
): Promise<JobOutcome> {
  const { onProgress, networks = environmentNetworks(), signal } = options;
  try {
    const staged = await stageRequest(request, {
      store: pipeline.store,
      networks,
      onNotice: (notice) => onProgress?.({ kind: "notice", request: index, notice }),
    });
    const acceptance = await submitRequest(pipeline, staged, signal);
    if (acceptance.status === "rejected") {
      return { kind: "rejected", problems: acceptance.problems };
    }
    const { plan } = acceptance;
    onProgress?.({ kind: "accepted", request: index, plan });
    const completion = await followJob(pipeline, plan, {
      onStep: (progress) => onProgress?.({ kind: "step", request: index, progress }),
      onChannel: (result, done) =>
        onProgress?.({ kind: "channel", request: index, result, done, total: plan.total }),
      ...(signal === undefined ? {} : { signal }),
    });
    return endedOutcome(pipeline, plan, completion);
  } catch (error) {
    if (error instanceof RequestError) return { kind: "rejected", problems: error.problems };
    throw error;
  }
}

function environmentNetworks(): OpenOptions {
  return { folders: defaultFolders(process.env), cacheFolder: cacheFolder(process.env) };
}

function endedOutcome(
  { bucketFolder }: LocalPipeline,
  plan: JobPlan,
  completion: Completion,
): JobOutcome {
  const { jobId } = plan;
  const path = (key: string) => join(bucketFolder, ...key.split("/"));
  return {
    kind: "ended",
    plan,
    completion,
    sheetPath: path(montageKey(jobId)),
    manifestPath: path(manifestKey(jobId)),
    tilesFolder: path(tilePrefix(jobId)),
  };
}
