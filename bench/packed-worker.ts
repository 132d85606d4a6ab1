import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CREDENTIALS,
  type Endpoint,
  queueArn,
  REGION,
  startEndpoint,
} from "@dreamgrid/aws-endpoint";
import type { SQSBatchResponse } from "aws-lambda";

import { bundleFunctions, writeFunction } from "../cdk/bundle/function-bundle.ts";
import { PackedFunction } from "../cdk/bundle/packed-function.ts";
import type { Network } from "../lib/networks/registry.ts";
import { acceptRequest } from "../lib/pipeline/job/accept-request.ts";
import { Jobs } from "../lib/pipeline/job/jobs.ts";
import type { JobPlan } from "../lib/pipeline/job/plan.ts";
import { BucketNetworks } from "../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../lib/pipeline/networks/publish-network.ts";
import type { RenderRequestInput } from "../lib/pipeline/request/request.ts";
import { createSqsClient } from "../lib/queue/sqs-client.ts";
import { SqsQueue } from "../lib/queue/sqs-queue.ts";
import { createS3Client } from "../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../lib/storage/s3-object-store.ts";
import { toSqsEvent } from "../local/event-sources/sqs-event.ts";
import { BUCKET, localConnection, QUEUE_NAMES, QUEUES } from "../local/resources.ts";
import { LambdaLimits, peakMemoryMb } from "./lambda-limits.ts";

/** What a batch of images took. */
export interface Drawn {
  readonly plan: JobPlan;
  readonly images: number;
  /** Of the clock, as Lambda bills it. */
  readonly seconds: number;
  /** Of processors. */
  readonly usedSeconds: number;
  readonly peakMb: number;
}

/**
 * S3 and SQS on this machine, and the worker as it is packed for Lambda, with a network to draw.
 */
export class PackedWorkers {
  readonly #folder: string;
  readonly #endpoint: Endpoint;
  readonly #store: S3ObjectStore;
  readonly #channels: SqsQueue;
  #requests = 0;

  private constructor(folder: string, endpoint: Endpoint) {
    this.#folder = folder;
    this.#endpoint = endpoint;
    const connection = localConnection(endpoint.url);
    this.#store = new S3ObjectStore(createS3Client(connection), BUCKET);
    const queueUrl = endpoint.queueUrl(QUEUE_NAMES.channels);
    this.#channels = new SqsQueue(createSqsClient(connection), queueUrl);
  }

  static async start(network: Network): Promise<PackedWorkers> {
    const folder = mkdtempSync(join(tmpdir(), "dreamgrid-bench-"));
    const dataFolder = join(folder, "endpoint");
    const endpoint = await startEndpoint({
      dataFolder,
      buckets: [{ name: BUCKET }],
      queues: QUEUES,
    });
    const workers = new PackedWorkers(folder, endpoint);
    writeFunction(bundleFunctions(["worker"])("worker"), join(folder, "worker"));
    await publishNetwork(workers.#store, network);
    return workers;
  }

  /** A worker of so much memory (MB), held to what Lambda gives it. */
  async worker(memory: number, threads: number): Promise<PackedWorker> {
    const limits = new LambdaLimits(memory);
    const packed = await PackedFunction.start(join(this.#folder, "worker"), {
      AWS_ENDPOINT_URL: this.#endpoint.url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
      BUCKET_NAME: BUCKET,
      SOURCE_QUEUE_URL: this.#endpoint.queueUrl(QUEUE_NAMES.channels),
      MODEL_CACHE_DIR: join(this.#folder, "cache"),
      POWERTOOLS_LOG_LEVEL: "SILENT",
      WORKER_THREADS: String(threads),
    });
    limits.hold(packed.pid);
    return new PackedWorker(this, limits, packed);
  }

  /** Accepts a request; its seed makes it another job each time. */
  async accept(request: RenderRequestInput): Promise<JobPlan> {
    const networks = new BucketNetworks({ store: this.#store, cacheFolder: this.#folder });
    const nobody = { sendAll: () => Promise.resolve() };
    const acceptance = await acceptRequest(
      { ...request, seed: ++this.#requests },
      {
        jobs: new Jobs(this.#store),
        store: this.#store,
        networks,
        queues: { cpu: this.#channels, cuda: null },
        assembly: nobody,
        now: () => new Date(),
      },
    );
    if (acceptance.status === "accepted") return acceptance.plan;
    throw new Error(acceptance.problems.join("\n"));
  }

  /** The event with the messages of a job. */
  async event(count: number) {
    const messages = await this.#channels.receive({ maxMessages: 10, waitSeconds: 5 });
    if (messages.length !== count)
      throw new Error(`${messages.length} messages came, not ${count}`);
    await this.#channels.deleteAll(messages.map(({ receiptHandle }) => receiptHandle));
    return toSqsEvent(messages, queueArn(QUEUE_NAMES.channels));
  }

  async close(): Promise<void> {
    await this.#endpoint.close();
    rmSync(this.#folder, { recursive: true });
  }
}

export class PackedWorker {
  readonly #workers: PackedWorkers;
  readonly #limits: LambdaLimits;
  readonly #packed: PackedFunction;

  constructor(workers: PackedWorkers, limits: LambdaLimits, packed: PackedFunction) {
    this.#workers = workers;
    this.#limits = limits;
    this.#packed = packed;
  }

  get vcpus(): number {
    return this.#limits.vcpus;
  }

  get pid(): number {
    return this.#packed.pid;
  }

  /** Draws all images of a request, of at most 10, in one call. */
  async draw(request: RenderRequestInput): Promise<Drawn> {
    const plan = await this.#workers.accept(request);
    const event = await this.#workers.event(plan.total);
    const usedBefore = this.#limits.usedSeconds;
    const started = performance.now();
    const { batchItemFailures } = (await this.#packed.call(event)) as SQSBatchResponse;
    const seconds = (performance.now() - started) / 1_000;
    const usedSeconds = this.#limits.usedSeconds - usedBefore;
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} images failed`);
    const peakMb = peakMemoryMb(this.#packed.pid);
    return { plan, images: plan.total, seconds, usedSeconds, peakMb };
  }

  async stop(): Promise<void> {
    await this.#packed.stop();
    this.#limits.remove();
  }
}
