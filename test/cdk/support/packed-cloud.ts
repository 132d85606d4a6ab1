import type { SQSBatchResponse } from "aws-lambda";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ACCOUNT_ID, type Clock, CREDENTIALS, REGION } from "@dreamgrid/aws-endpoint";

import { writeFunction } from "../../../cdk/bundle/function-bundle.ts";
import { PackedFunction } from "../../../cdk/bundle/packed-function.ts";
import type { LambdaFunctionName } from "../../../cdk/constructs/pipeline-functions.ts";
import type { ReceivedMessage } from "../../../lib/queue/message-queue.ts";
import type { SqsQueue } from "../../../lib/queue/sqs-queue.ts";
import { S3ObjectStore } from "../../../lib/storage/s3-object-store.ts";
import { createS3Client } from "../../../lib/storage/s3-client.ts";
import { toSqsEvent } from "../../../local/event-sources/sqs-event.ts";
import { localConnection } from "../../../local/resources.ts";
import { bundleOf } from "./bundles.ts";
import { Deployed, type Mapping } from "./deployed.ts";
import { statementsOfRole } from "./iam.ts";
import { type Gateway, type RecordedCall, startGateway } from "./iam-gateway.ts";
import { functionId, idOf, roleId } from "./needed-calls.ts";
import type { Synthesis } from "./synthesise.ts";
import { nameOf } from "./template-values.ts";

export type CallerName = LambdaFunctionName | "gpu-worker";

export interface PackedCloudOptions {
  /** Of queues and objects. @default the machine's */
  readonly clock?: Clock;
  readonly isFaulty?: (call: RecordedCall) => boolean;
  readonly onCall?: (call: RecordedCall) => void;
}

/**
 * A stack on this machine: its buckets, queues and notifications, and its functions as they are
 * packed, each in a process of its own that may do what its role says.
 */
export class PackedCloud {
  readonly calls: RecordedCall[] = [];
  readonly deniedCalls: RecordedCall[] = [];
  readonly deployed: Deployed;
  readonly store: S3ObjectStore;
  readonly #stack: Synthesis;
  readonly #folder: string;
  readonly #bucket: string;
  readonly #options: PackedCloudOptions;
  readonly #gateways = new Map<CallerName, Gateway>();
  readonly #running = new Map<LambdaFunctionName, PackedFunction>();
  #onWorkerCall: (call: RecordedCall) => void = () => undefined;

  private constructor(
    stack: Synthesis,
    folder: string,
    deployed: Deployed,
    options: PackedCloudOptions,
  ) {
    this.#stack = stack;
    this.#folder = folder;
    this.#options = options;
    this.deployed = deployed;
    const { resources } = stack;
    this.#bucket = nameOf(resources, idOf(stack, "AWS::S3::Bucket", /^JobsBucket/));
    this.store = this.freshStore();
  }

  /** The bucket, by a client of its own: a client corrects its clock by the server's but once. */
  freshStore(): S3ObjectStore {
    const s3 = createS3Client(localConnection(this.deployed.endpoint.url));
    return new S3ObjectStore(s3, this.#bucket);
  }

  static async start(stack: Synthesis, options: PackedCloudOptions = {}): Promise<PackedCloud> {
    const folder = mkdtempSync(join(tmpdir(), "dreamgrid-cloud-"));
    cpSync("models/emojinet", join(folder, "models/emojinet"), { recursive: true });
    const deployed = await Deployed.start(stack, join(folder, "endpoint"), options.clock);
    return new PackedCloud(stack, folder, deployed, options);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((each) => each.stop()));
    await Promise.all([...this.#gateways.values()].map((each) => each.close()));
    await this.deployed.endpoint.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** A folder with what is packed of the function, and the environment to run it in. */
  async packed(name: CallerName) {
    const { url } = await this.#gateway(name);
    const folder = join(this.#folder, name);
    if (!existsSync(folder)) writeFunction(bundleOf(name), folder);
    const environment = {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      POWERTOOLS_LOG_LEVEL: "WARN",
      MODEL_CACHE_DIR: join(this.#folder, "cache"),
    };
    return { folder, url, environment };
  }

  /**
   * Runs a GPU worker, on the CPU, until it has done something; told to stop, it asks for another.
   *
   * @param isDone asked of each call that it makes
   */
  async runGpuWorker(
    variables: Readonly<Record<string, string>>,
    isDone: (call: RecordedCall) => boolean,
  ): Promise<void> {
    const { folder, url, environment } = await this.packed("gpu-worker");
    const own = {
      BUCKET_NAME: this.#bucket,
      GPU_QUEUE_URL: `${url}/${ACCOUNT_ID}/${this.#queueName(/^GpuChannelsQueue/)}`,
      PROVIDER: "cpu",
    };
    const env = { PATH: process.env["PATH"], ...environment, ...own, ...variables };
    const worker = spawn(process.execPath, ["index.mjs"], { cwd: folder, env });
    const [output, ended] = [text(worker.stdout), once(worker, "exit")];
    // before the call has its answer: soon after it the worker waits 20 s for messages
    this.#onWorkerCall = (call) => void (isDone(call) && worker.kill("SIGTERM"));
    const [code] = await ended;
    this.#onWorkerCall = () => undefined;
    if (code !== 1) throw new Error(`the GPU worker ended with ${code}: ${await output}`);
  }

  /** @param remainingMs of Lambda's time that the call is told it has */
  async call(name: LambdaFunctionName, event: unknown, remainingMs?: number): Promise<unknown> {
    return (await this.#function(name)).call(event, remainingMs);
  }

  /** Ends the function's process, whatever it is doing. */
  async kill(name: LambdaFunctionName): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    await running?.stop();
  }

  /** What feeds a function. */
  mappingsOf(name: LambdaFunctionName): readonly Mapping[] {
    const id = functionId(this.#stack, name);
    return this.deployed.mappings.filter((each) => each.functionId === id);
  }

  /**
   * Lambda's part: calls a function with messages, and deletes those that it is done with. A call
   * that fails leaves all of them.
   *
   * @returns ids of the messages that are left
   */
  async handOver(
    name: LambdaFunctionName,
    { queue, queueArn }: Mapping,
    messages: readonly ReceivedMessage[],
    remainingMs?: number,
  ): Promise<readonly string[]> {
    const answered = this.call(name, toSqsEvent(messages, queueArn), remainingMs);
    const failed = await answered.then(
      (answer) => (answer as SQSBatchResponse).batchItemFailures.map((item) => item.itemIdentifier),
      () => messages.map(({ messageId }) => messageId),
    );
    const done = messages.filter(({ messageId }) => !failed.includes(messageId));
    await queue.deleteAll(done.map(({ receiptHandle }) => receiptHandle));
    return failed;
  }

  queue(id: RegExp): SqsQueue {
    return this.deployed.queue(this.#queueName(id));
  }

  #queueName(id: RegExp): string {
    return nameOf(this.#stack.resources, idOf(this.#stack, "AWS::SQS::Queue", id));
  }

  async #function(name: LambdaFunctionName): Promise<PackedFunction> {
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const { folder, url, environment } = await this.packed(name);
    const own = this.deployed.environmentOf(functionId(this.#stack, name), url);
    // where /var/task is on this machine
    const packed = {
      ...("BUNDLED_MODELS_DIR" in own && { BUNDLED_MODELS_DIR: join(folder, "models") }),
      ...("FONTCONFIG_FILE" in own && { FONTCONFIG_FILE: join(folder, "fonts/fonts.conf") }),
    };
    const started = await PackedFunction.start(folder, { ...own, ...environment, ...packed });
    this.#running.set(name, started);
    return started;
  }

  async #gateway(name: CallerName): Promise<Gateway> {
    const known = this.#gateways.get(name);
    if (known !== undefined) return known;
    const { resources } = this.#stack;
    const gateway = await startGateway({
      caller: name,
      statements: statementsOfRole(resources, roleId(this.#stack, name)),
      endpointUrl: this.deployed.endpoint.url,
      onCall: (call, may) => {
        this.calls.push(call);
        if (!may) this.deniedCalls.push(call);
        if (name === "gpu-worker") this.#onWorkerCall(call);
        this.#options.onCall?.(call);
      },
      ...(this.#options.isFaulty && { isFaulty: this.#options.isFaulty }),
    });
    this.#gateways.set(name, gateway);
    return gateway;
  }
}
