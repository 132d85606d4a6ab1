import { tmpdir } from "node:os";
import { join } from "node:path";

import { BatchClient, SubmitJobCommand } from "@aws-sdk/client-batch";

import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import type { ChannelQueue } from "../lib/pipeline/job/dispatch-job.ts";
import { Jobs } from "../lib/pipeline/job/jobs.ts";
import { BucketNetworks } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishBundledNetworks } from "../lib/pipeline/networks/publish-bundled.ts";
import { createSqsClient } from "../lib/queue/sqs-client.ts";
import { SqsQueue } from "../lib/queue/sqs-queue.ts";
import { createS3Client } from "../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../lib/storage/s3-object-store.ts";
import { clearDisk } from "./clear-disk.ts";
import { optionalEnv, requireCount, requireEnv } from "./env.ts";
import { gpuWorkerStarter } from "./gpu-workers.ts";

/* What the composition roots share: the environment's names turned into the pipeline's ports. */

/** As Lambda counts them. */
const MEGABYTE = 2 ** 20;

export function bucketFromEnv(): S3ObjectStore {
  return new S3ObjectStore(createS3Client(), requireEnv("BUCKET_NAME"));
}

/** The queue that feeds the function, for `redeliverSoon`. */
export function sourceQueueFromEnv(): SqsQueue {
  return new SqsQueue(createSqsClient(), requireEnv("SOURCE_QUEUE_URL"));
}

/** Bundles of functions that are the first to look for a network bring some along. */
export async function publishBundledFromEnv(store: S3ObjectStore): Promise<void> {
  for (const folder of bundledFoldersFromEnv()) await publishBundledNetworks(store, folder);
}

export function bundledFoldersFromEnv(): readonly string[] {
  const folder = optionalEnv("BUNDLED_MODELS_DIR");
  return folder === null ? [] : [folder];
}

/** What functions that open networks have in common. */
export function networkDepsFromEnv(store: S3ObjectStore) {
  const cacheFolder = optionalEnv("MODEL_CACHE_DIR") ?? join(tmpdir(), "dreamgrid-models");
  // there the disk is the function's alone, of one process after the other
  if (optionalEnv("AWS_LAMBDA_FUNCTION_NAME") !== null) clearDisk(tmpdir(), cacheFolder);
  return {
    jobs: new Jobs(store),
    store,
    networks: new BucketNetworks({ store, cacheFolder }),
    now: () => new Date(),
  };
}

/** For the functions that make jobs of requests, and those that complete an interrupted intake. */
export function acceptDepsFromEnv(store: S3ObjectStore): AcceptDeps {
  const sqs = createSqsClient();
  const queueAt = (url: string) => new SqsQueue(sqs, url);
  return {
    ...networkDepsFromEnv(store),
    queues: {
      cpu: queueAt(requireEnv("CHANNEL_QUEUE_URL")),
      cuda: gpuQueueFromEnv(queueAt),
    },
    assembly: queueAt(requireEnv("ASSEMBLY_QUEUE_URL")),
    workerBytes: MEGABYTE * requireCount("WORKER_MEMORY_MB"),
  };
}

function gpuQueueFromEnv(queueAt: (url: string) => SqsQueue): ChannelQueue | null {
  const url = optionalEnv("GPU_QUEUE_URL");
  if (url === null) return null;
  const queue = queueAt(url);
  const batch = new BatchClient({});
  const worker = {
    jobName: "gpu-worker",
    jobQueue: requireEnv("GPU_JOB_QUEUE"),
    jobDefinition: requireEnv("GPU_JOB_DEFINITION"),
  };
  return {
    sendAll: (messages) => queue.sendAll(messages),
    startWorkers: gpuWorkerStarter({
      most: requireCount("GPU_MAX_WORKERS"),
      depth: () => queue.depth(),
      startOne: () => batch.send(new SubmitJobCommand(worker)),
    }),
  };
}
