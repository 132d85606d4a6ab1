import { Duration, Size } from "aws-cdk-lib";
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { type Code, RecursiveLoop } from "aws-cdk-lib/aws-lambda";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";

import type { Access } from "../../functions/access.ts";
import { EVENT_SOURCES, TIMEOUT_SECONDS, workerBatchSize } from "../../functions/delivery.ts";
import { MB_PER_VCPU } from "../../lib/pipeline/rates.ts";
import { FONTS_CONFIGURATION } from "../bundle/fonts.ts";
import { BUNDLED_MODELS_DIR } from "../bundle/function-bundle.ts";
import type { PipelineSettings } from "../settings.ts";
import { ACCESS_OF, keyStatements, objectStatements, sendStatement } from "./access.ts";
import type { GpuFleet } from "./gpu-fleet.ts";
import { PipelineFunction, type PipelineFunctionProps } from "./pipeline-function.ts";
import type { WorkQueue } from "./work-queue.ts";

export const LAMBDA_FUNCTIONS = ["intake", "worker", "assembler", "dead-letter", "api"] as const;
export type LambdaFunctionName = (typeof LAMBDA_FUNCTIONS)[number];

/** One vCPU, for analysing a network. */
const ANALYSIS_MEMORY_MB = MB_PER_VCPU;
/** Sheets of 7,000 tiles take 466 MB, pages of deep-zoom sheets three times that. */
const ASSEMBLER_MEMORY_MB = 3_008;
const SMALL_MEMORY_MB = 256;
/**
 * Networks that a function has seen stay on its disk, and one may have 500 MB
 * (lib/pipeline/limits.ts); while a thread compiles a graph, its weights lie there too, forward and
 * backward. On 512 MB the second network would not fit. Costs less than half a percent of the
 * memory's price.
 */
const NETWORKS_DISK = Size.gibibytes(4);

export interface PipelineFunctionsProps {
  readonly settings: PipelineSettings;
  readonly code: (name: LambdaFunctionName) => Code;
  readonly bucket: IBucket;
  /** Encrypts the bucket's objects. @default S3's own */
  readonly key: IKey | null;
  readonly queues: Readonly<Record<"requests" | "channels" | "assembly", WorkQueue>>;
  readonly gpu: GpuFleet | null;
}

/** The five functions, what feeds them, and what each may do. */
export class PipelineFunctions extends Construct {
  readonly byName: Readonly<Record<LambdaFunctionName, PipelineFunction>>;

  constructor(scope: Construct, id: string, props: PipelineFunctionsProps) {
    super(scope, id);
    const { workerMemory, workerThreads } = props.settings;
    this.byName = {
      intake: this.#create("intake", props, {
        description: "answers requests put into the drop zone and fans their jobs out",
        memorySize: ANALYSIS_MEMORY_MB,
        disk: NETWORKS_DISK,
        environment: { ...dispatchEnvironment(props), BUNDLED_MODELS_DIR },
      }),
      worker: this.#create("worker", props, {
        description: "renders channels on the CPU",
        memorySize: workerMemory,
        disk: NETWORKS_DISK,
        // it sends itself on what it had no time for, as often as a channel takes
        recursiveLoop: RecursiveLoop.ALLOW,
        environment: { WORKER_THREADS: String(workerThreads) },
      }),
      assembler: this.#create("assembler", props, {
        description: "follows jobs and builds the sheet of one whose channels have ended",
        memorySize: ASSEMBLER_MEMORY_MB,
        // it asks to be called again every 15 minutes until a job's deadline of a day: 96 times,
        // where Lambda would take the 16th for a loop and give the message up
        recursiveLoop: RecursiveLoop.ALLOW,
        environment: { ...dispatchEnvironment(props), FONTCONFIG_FILE: FONTS_CONFIGURATION },
      }),
      "dead-letter": this.#create("dead-letter", props, {
        description: "ends channels that failed on every delivery",
        memorySize: SMALL_MEMORY_MB,
        environment: {},
      }),
      api: this.#create("api", props, {
        description: "answers the HTTP API",
        memorySize: ANALYSIS_MEMORY_MB,
        disk: NETWORKS_DISK,
        environment: { ...dispatchEnvironment(props), BUNDLED_MODELS_DIR },
      }),
    };
    this.#feed(props);
  }

  #feed({ queues, gpu, settings }: PipelineFunctionsProps): void {
    const { intake, worker, assembler, "dead-letter": deadLetter } = this.byName;
    const { workerThreads, workerConcurrency } = settings;
    intake.consume(queues.requests.queue, { ...EVENT_SOURCES.intake, redeliversSoon: true });
    worker.consume(queues.channels.queue, {
      batchSize: workerBatchSize(workerThreads),
      batchingWindowSeconds: 0,
      maxConcurrency: workerConcurrency,
      redeliversSoon: true,
      sendsOn: ACCESS_OF.worker.sendsTo.includes("source"),
    });
    assembler.consume(queues.assembly.queue, { ...EVENT_SOURCES.assembler, redeliversSoon: true });
    for (const { deadLetterQueue } of [queues.channels, ...(gpu ? [gpu.queue] : [])]) {
      deadLetter.consume(deadLetterQueue, EVENT_SOURCES["dead-letter"]);
    }
  }

  #create(
    name: LambdaFunctionName,
    props: PipelineFunctionsProps,
    own: Omit<PipelineFunctionProps, "code" | "timeout" | "statements">,
  ): PipelineFunction {
    const { code, bucket } = props;
    return new PipelineFunction(this, name, {
      ...own,
      code: code(name),
      timeout: Duration.seconds(TIMEOUT_SECONDS[name]),
      environment: { BUCKET_NAME: bucket.bucketName, ...own.environment },
      statements: [
        ...objectStatements(bucket, ACCESS_OF[name]),
        ...keyStatements(props.key),
        ...dispatchStatements(ACCESS_OF[name], props),
      ],
    });
  }
}

/** For the functions that send a job's channels to their workers. */
function dispatchEnvironment({
  queues,
  gpu,
  settings,
}: PipelineFunctionsProps): Record<string, string> {
  return {
    // what takes more is refused before any of it is sent
    WORKER_MEMORY_MB: String(settings.workerMemory),
    CHANNEL_QUEUE_URL: queues.channels.queue.queueUrl,
    ASSEMBLY_QUEUE_URL: queues.assembly.queue.queueUrl,
    ...(gpu && { GPU_QUEUE_URL: gpu.queue.queue.queueUrl, ...gpu.startEnvironment }),
  };
}

function dispatchStatements(
  { sendsTo }: Access,
  { queues, gpu }: PipelineFunctionsProps,
): PolicyStatement[] {
  const sendTo = sendsTo.flatMap((name) => (name === "source" ? [] : queues[name].queue));
  if (sendTo.length === 0) return [];
  if (gpu === null || !sendsTo.includes("channels")) return [sendStatement(...sendTo)];
  return [sendStatement(...sendTo, gpu.queue.queue), ...gpu.startStatements()];
}
