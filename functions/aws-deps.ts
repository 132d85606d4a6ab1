import type { AcceptDeps } from "../lib/pipeline/job/accept-request.ts";
import { Jobs } from "../lib/pipeline/job/jobs.ts";
import { BucketNetworks } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishBundledNetworks } from "../lib/pipeline/networks/publish-bundled.ts";
import { CODE_VERSION } from "../lib/pipeline/version.ts";
import { createSqsClient } from "../lib/queue/sqs-client.ts";
import { SqsQueue } from "../lib/queue/sqs-queue.ts";
import { createS3Client } from "../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../lib/storage/s3-object-store.ts";
import { gpuServiceWaker } from "./ecs-gpu-service.ts";
import { modelCacheFolder, optionalEnv, requireEnv } from "./env.ts";

/** What the composition roots share: the environment's names turned into the pipeline's ports. */

export function bucketFromEnv(): S3ObjectStore {
  return new S3ObjectStore(createS3Client(), requireEnv("BUCKET_NAME"));
}

/** Bundles of functions that are the first to look for a network bring some along. */
export async function publishBundledFromEnv(store: S3ObjectStore): Promise<void> {
  const folder = optionalEnv("BUNDLED_MODELS_DIR");
  if (folder !== null) await publishBundledNetworks(store, folder);
}

/** For the functions that make jobs of requests, and those that complete an interrupted intake. */
export function acceptDepsFromEnv(store: S3ObjectStore): AcceptDeps {
  const sqs = createSqsClient();
  const gpuQueueUrl = optionalEnv("GPU_QUEUE_URL");
  return {
    jobs: new Jobs(store),
    store,
    networks: new BucketNetworks({ store, cacheFolder: modelCacheFolder() }),
    queues: {
      cpu: new SqsQueue(sqs, requireEnv("CHANNEL_QUEUE_URL")),
      gpu: gpuQueueUrl === null ? null : new SqsQueue(sqs, gpuQueueUrl),
    },
    assembly: new SqsQueue(sqs, requireEnv("ASSEMBLY_QUEUE_URL")),
    wakeGpu: gpuWakerFromEnv(),
    codeVersion: CODE_VERSION,
    now: () => new Date(),
  };
}

function gpuWakerFromEnv(): () => Promise<void> {
  const cluster = optionalEnv("ECS_CLUSTER");
  const service = optionalEnv("ECS_SERVICE");
  if (cluster === null || service === null) return () => Promise.resolve();
  return gpuServiceWaker({ cluster, service });
}
