import { availableParallelism } from "node:os";
import { join } from "node:path";

import { type Clock, type Endpoint, type FaultPlan, startEndpoint } from "@dreamgrid/aws-endpoint";

import type { Log } from "../functions/log.ts";
import type { GpuGate } from "../lib/optvis/runtime/gpu-gate.ts";
import { NOT_LOOKED_FOR } from "../lib/optvis/runtime/gpu-verdict.ts";
import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import { machineBytes } from "../lib/optvis/runtime/machine-memory.ts";
import { Jobs } from "../lib/pipeline/job/jobs.ts";
import { BucketNetworks, type NetworkSource } from "../lib/pipeline/networks/bucket-networks.ts";
import type { Renderer } from "../lib/pipeline/render/renderer.ts";
import { createSqsClient } from "../lib/queue/sqs-client.ts";
import { SqsQueue } from "../lib/queue/sqs-queue.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";
import { createS3Client } from "../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../lib/storage/s3-object-store.ts";
import { doAll } from "./do-all.ts";
import type { EventSource } from "./event-sources/event-source.ts";
import {
  type ServedQueue,
  type SourceTiming,
  startSources,
} from "./event-sources/pipeline-sources.ts";
import { errorLog } from "./log.ts";
import { type PipelineEvent, PipelineEvents, type PipelineListener } from "./pipeline-events.ts";
import { pipelineHandlers } from "./pipeline-handlers.ts";
import {
  BUCKET,
  BUCKETS,
  type LocalConnection,
  localConnection,
  QUEUE_NAMES,
  QUEUES,
} from "./resources.ts";
import { resumeJobs } from "./resume-jobs.ts";

export interface LocalPipelineOptions {
  /** Objects lie in it as plain files, `<dataFolder>/dreamgrid/<key>`. */
  readonly dataFolder: string;
  /** Stays the caller's to close. `null`: channels are rendered by another process. */
  readonly renderer: Renderer | null;
  /** The renderer's, asked for requests that want the GPU. @default none is looked for */
  readonly gate?: GpuGate | null;
  /** The renderer's: images that it draws at once on the CPU. @default the machine's cores */
  readonly threads?: number | undefined;
  /** Of S3 and SQS. @default 0 - a free one */
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** By which queues hold messages back. @default the machine's */
  readonly clock?: Clock;
  readonly timing?: Readonly<Partial<Record<ServedQueue, Partial<SourceTiming>>>>;
  readonly now?: () => Date;
  /** What is asked for networks. @default those of the bucket */
  readonly networksOf?: (bucket: NetworkSource, store: ObjectStore) => NetworkSource;
  /** @default errors to stderr */
  readonly logOf?: (functionName: string) => Log;
}

/** The whole pipeline in this process: endpoint, event sources, and the functions' own handlers. */
export interface LocalPipeline {
  readonly endpoint: Endpoint;
  readonly connection: LocalConnection;
  readonly bucket: string;
  /** Where a key of the bucket is a file. */
  readonly bucketFolder: string;
  readonly store: S3ObjectStore;
  /** Hears of networks that are published from this process. */
  readonly networks: Pick<BucketNetworks, "adopt">;
  /** For another way in, such as the API. */
  readonly acceptDeps: AcceptDeps;
  /** Jobs that were unfinished when the pipeline started. */
  readonly resumedJobs: readonly string[];
  /** What was found damaged of others, a line each. */
  readonly damagedJobs: readonly string[];
  /** Returns the function that ends the listening. */
  listen(listener: PipelineListener): () => void;
  /** Tells the listeners what has come in another way, such as through the API. */
  tell(event: PipelineEvent): void;
  /** Gives channels at work back, lets the other handlers end, and stops. */
  stop(): Promise<void>;
}

/**
 * Starts S3, SQS and the pipeline on them, on the loopback interface. What an earlier run left
 * unfinished in the data folder goes on.
 *
 * @throws Error if the port is taken or another process has the data folder open
 */
export async function startLocalPipeline(options: LocalPipelineOptions): Promise<LocalPipeline> {
  const { dataFolder, renderer, gate = null, port = 0, faults, clock, timing = {} } = options;
  const { threads = availableParallelism(), logOf = (name: string) => errorLog(name) } = options;
  // the SDK's versions are pinned, so what later ones will want is no concern of the user's
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const endpoint = await startEndpoint({
    dataFolder,
    port,
    buckets: BUCKETS,
    queues: QUEUES,
    ...(faults && { faults }),
    ...(clock && { clock }),
  });
  const { s3, sqs, acceptDeps, ...known } = openResources(endpoint, options);
  const events = new PipelineEvents();
  const stopping = new AbortController();
  const handlers = pipelineHandlers({
    deps: acceptDeps,
    renderer,
    threads,
    events,
    signal: stopping.signal,
    logOf,
  });

  let sources: EventSource | null = null;
  const stop = async () => {
    stopping.abort(new Error("the pipeline is being stopped"));
    const stopped = sources?.stop();
    // told to stop first, the sources do not ask again
    endpoint.endLongPolls();
    await doAll([() => stopped, () => s3.destroy(), () => sqs.destroy(), () => endpoint.close()]);
  };
  try {
    const { resumed: resumedJobs, damaged: damagedJobs } = await resumeJobs(acceptDeps);
    const onCard = () => gate?.imagesAtOnce() ?? 0;
    sources = startSources({ sqs, endpoint, handlers, timing, threads, onCard, logOf });
    return {
      ...known,
      endpoint,
      bucket: BUCKET,
      bucketFolder: join(dataFolder, BUCKET),
      acceptDeps,
      resumedJobs,
      damagedJobs,
      listen: (listener) => events.listen(listener),
      tell: (event) => events.tell(event),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Clients of the endpoint, and what the functions know of what lies there. */
function openResources(endpoint: Endpoint, options: LocalPipelineOptions) {
  const { dataFolder, gate = null, now = () => new Date() } = options;
  const { networksOf = (bucket: NetworkSource) => bucket } = options;
  const connection = localConnection(endpoint.url);
  const s3 = createS3Client(connection);
  const sqs = createSqsClient(connection);
  const store = new S3ObjectStore(s3, BUCKET);
  const queue = (name: string) => new SqsQueue(sqs, endpoint.queueUrl(name));
  const networks = new BucketNetworks({ store, cacheFolder: join(dataFolder, ".models") });
  const channels = queue(QUEUE_NAMES.channels);
  const acceptDeps: AcceptDeps = {
    jobs: new Jobs(store),
    store,
    networks: networksOf(networks, store),
    queues: { cpu: channels, cuda: channels, questions: queue(QUEUE_NAMES.questions) },
    localGpu: async () => gate?.machine() ?? NOT_LOOKED_FOR,
    assembly: queue(QUEUE_NAMES.assembly),
    workerBytes: machineBytes(),
    now,
  };
  return { connection, s3, sqs, store, networks, acceptDeps };
}
