import type * as Ecs from "@aws-sdk/client-ecs";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_CREDENTIALS, DEFAULT_REGION } from "@dreamgrid/aws-endpoint";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";

import {
  LAMBDA_FUNCTIONS,
  type LambdaFunctionName,
} from "../../cdk/constructs/pipeline-functions.ts";
import { runWorker } from "../../functions/gpu-worker/worker.ts";
import { dispatchedKey } from "../../lib/pipeline/keys.ts";
import { reconcileMessage } from "../../lib/pipeline/job/messages.ts";
import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type * as SqsClients from "../../lib/queue/sqs-client.ts";
import type * as S3Clients from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { toSqsEvent } from "../../local/event-sources/sqs-event.ts";
import { silentLog } from "../support/memory-pipeline.ts";
import { caller, type RecordedCall, recordedCalls } from "./support/call-recorder.ts";
import { Deployed, type Mapping } from "./support/deployed.ts";
import { isAllowed, statementsOfRole } from "./support/iam.ts";
import { callEvent } from "./support/invoke.ts";
import {
  denied,
  functionId,
  idOf,
  neededIn,
  protectionOf,
  roleId,
} from "./support/needed-calls.ts";
import { synthesise } from "./support/synthesise.ts";
import { nameOf } from "./support/template-values.ts";

vi.mock("../../lib/storage/s3-client.ts", async (original) => {
  const { recording } = await import("./support/call-recorder.ts");
  const actual = await original<typeof S3Clients>();
  return {
    createS3Client: (...given: Parameters<typeof actual.createS3Client>) =>
      recording(actual.createS3Client(...given)),
  };
});
vi.mock("../../lib/queue/sqs-client.ts", async (original) => {
  const { recording } = await import("./support/call-recorder.ts");
  const actual = await original<typeof SqsClients>();
  return {
    createSqsClient: (...given: Parameters<typeof actual.createSqsClient>) =>
      recording(actual.createSqsClient(...given)),
  };
});
vi.mock("@aws-sdk/client-ecs", async (original) => {
  const { recording } = await import("./support/call-recorder.ts");
  const actual = await original<typeof Ecs>();
  const asleep = { services: [{ desiredCount: 0 }] };
  return {
    ...actual,
    // as `new` is called on it, no arrow function
    ECSClient: function ECSClient() {
      return recording(new actual.ECSClient({}), () => asleep);
    },
  };
});

type Handler = (event: unknown, context?: Pick<Context, "getRemainingTimeInMillis">) => unknown;

/** The template with everything in it; the others are parts of it. */
const full = synthesise({ gpu: "asg" });
const folder = mkdtempSync(join(tmpdir(), "dreamgrid-permissions-"));
const IN_TIME = { getRemainingTimeInMillis: () => 600_000 };

let deployed: Deployed;
let store: S3ObjectStore;
const handlers = new Map<string, Handler>();

beforeAll(async () => {
  deployed = await Deployed.start(full, join(folder, "endpoint"));
  cpSync("models/emojinet", join(folder, "models/emojinet"), { recursive: true });
  const common = {
    AWS_ENDPOINT_URL: deployed.endpoint.url,
    AWS_REGION: DEFAULT_REGION,
    AWS_ACCESS_KEY_ID: DEFAULT_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEFAULT_CREDENTIALS.secretAccessKey,
    POWERTOOLS_LOG_LEVEL: "SILENT",
    MODEL_CACHE_DIR: join(folder, "cache"),
  };
  for (const name of LAMBDA_FUNCTIONS) {
    const id = functionId(full, name);
    const environment = { ...deployed.environmentOf(id), ...common, WORKER_THREADS: "1" };
    if ("BUNDLED_MODELS_DIR" in environment) {
      Object.assign(environment, { BUNDLED_MODELS_DIR: join(folder, "models") });
    }
    for (const [variable, value] of Object.entries(environment)) vi.stubEnv(variable, value);
    const { handler } = await caller.run(name, () => import(`../../functions/${name}/index.ts`));
    handlers.set(id, (event, context) => caller.run(name, () => handler(event, context)));
  }
  const { createS3Client } = await import("../../lib/storage/s3-client.ts");
  store = new S3ObjectStore(createS3Client(), bucketName());
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await deployed.endpoint.close();
  rmSync(folder, { recursive: true });
});

const REQUEST = { network: "emojinet", layer: 2, channels: [1, 2], numIterations: 2 };

test("a whole life of jobs needs no permission that the roles lack", async () => {
  await store.put("requests/a.json", json({ ...REQUEST, pyramidLevels: 1 }), "application/json");
  await feed("intake");
  const { jobId } = await readJson("responses/a.json", z.object({ jobId: z.string() }));
  // one channel is a dead letter, one is sent on by a worker that has no time, and drawn by another
  await loseOneChannel();
  let looks = 0;
  const soonOver = { getRemainingTimeInMillis: () => (looks++ < 2 ? 600_000 : 20_000) };
  await feed("worker", soonOver);
  expect(await keysUnder("checkpoints/")).toHaveLength(1);
  await feed("worker");
  expect(await keysUnder("checkpoints/")).toEqual([]);
  await feed("dead-letter");
  await assemblyQueue().sendAll([reconcileMessage(jobId)]);
  await feed("assembler");
  expect(await readJson(`jobs/${jobId}/complete.json`, z.looseObject({}))).toMatchObject({
    ok: 1,
    failed: 1,
  });
  await callApi(jobId);
  await onGpu();
  const unused = LAMBDA_FUNCTIONS.filter((name) => recordedCalls.every((c) => c.caller !== name));
  expect(unused).toEqual([]);
});

const KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const variants = {
  "without GPU workers": synthesise(),
  "with Managed Instances and a key": synthesise({ gpu: "managed", kmsKey: KEY }),
  "with an Auto Scaling group": full,
};

test.each(Object.entries(variants))("the stack %s allows each recorded call", (_, stack) => {
  const needed = neededIn(stack);
  expect(needed.length).toBeGreaterThan(50);
  expect(denied(stack, needed)).toEqual([]);
});

test("a statement that is taken away is missed, whichever it is", () => {
  const needed = neededIn(full);
  for (const name of [...LAMBDA_FUNCTIONS, "gpu-worker"]) {
    const statements = statementsOfRole(full.resources, roleId(full, name));
    const own = needed.filter((call) => call.caller === name);
    for (const statement of statements) {
      const rest = statements.filter((other) => other !== statement);
      const missing = own.filter((call) => !isAllowed(rest, call));
      expect(missing, `${name}: ${statement.actions.join()}`).not.toEqual([]);
    }
  }
});

async function callApi(jobId: string): Promise<void> {
  const call = async (method: string, path: string, body?: unknown) => {
    const reply = await handlers.get(functionId(full, "api"))!(callEvent(method, path, body));
    return z.object({ statusCode: z.number(), body: z.string() }).parse(reply);
  };
  const statusOf = async (...words: Parameters<typeof call>) => (await call(...words)).statusCode;
  for (const path of [
    "/jobs",
    `/jobs/${jobId}`,
    `/jobs/${jobId}/channels/1`,
    `/jobs/${jobId}/sheet`,
    "/networks",
    "/networks/emojinet/layers",
    "/networks/emojinet/classes",
    "/openapi.json",
    "/request.schema.json",
  ]) {
    expect([path, await statusOf("GET", path)]).toEqual([path, expect.toBeOneOf([200, 302])]);
  }
  await call("GET", `/jobs/${jobId}/tiles/1`);
  await call("GET", `/jobs/${jobId}/deepzoom/0/0/0`);
  const image = await call("POST", "/uploads", {
    kind: "image",
    contentType: "image/png",
    sizeBytes: 9,
  });
  expect(image.statusCode).toBe(201);
  // a file of a network that was never published, a day later
  await store.put("models/left/model.onnx", new Uint8Array(3), "application/octet-stream");
  vi.setSystemTime(Date.now() + 2 * 86_400_000);
  const file = { kind: "model", network: "another", file: "a.onnx", sizeBytes: 9 };
  expect(await statusOf("POST", "/uploads", file)).toBe(201);
  vi.useRealTimers();
  expect(await keysUnder("models/left/")).toEqual([]);

  expect(await statusOf("POST", `/jobs/${jobId}/retry`)).toBe(202);
  expect(await statusOf("DELETE", `/jobs/${jobId}`)).toBe(202);
  await feed("worker");
  // an image of the first job, and one that was uploaded
  const tile = await store.get(z.string().parse((await keysUnder(`jobs/${jobId}/tiles/`))[0]));
  await store.put("uploads/own.png", tile, "image/png");
  const seeded = { ...REQUEST, channels: [3], initialImage: "uploads/own.png", pyramidLevels: 1 };
  await store.put("requests/seeded.json", json(seeded), "application/json");
  await feed("intake");
  expect(await statusOf("POST", "/jobs", { ...seeded, numIterations: 1 })).toBe(202);
  await feed("worker");
  await feed("assembler");
}

/** On the CPU here; what it asks AWS for is the same. */
async function onGpu(): Promise<void> {
  const request = { ...REQUEST, channels: [4], pyramidLevels: 1, executionEnvironment: "gpu" };
  await store.put("requests/gpu.json", json(request), "application/json");
  await feed("intake");
  const { jobId } = await readJson("responses/gpu.json", z.object({ jobId: z.string() }));
  // as if the intake had been interrupted: the assembler sends the channels, and so does the API
  await store.delete(dispatchedKey(jobId));
  await assemblyQueue().sendAll([reconcileMessage(jobId)]);
  await feed("assembler");
  const post = callEvent("POST", "/jobs", { ...request, channels: [5] });
  expect(await handlers.get(functionId(full, "api"))!(post)).toMatchObject({ statusCode: 202 });
  const cluster = idOf(full, "AWS::ECS::Cluster", /^Gpu/);
  const { networkDepsFromEnv } = await import("../../functions/aws-deps.ts");
  const queue = deployed.queue(
    nameOf(full.resources, idOf(full, "AWS::SQS::Queue", /^GpuChannelsQueue/)),
  );
  // one that has no time for its group, and sends it on, and one that has
  for (const groupSeconds of [0, 900]) {
    const stop = new AbortController();
    const isDone = groupSeconds === 0 ? isSentByGpu : isResultOfGpu;
    const deps = {
      ...networkDepsFromEnv(store),
      renderer: createEngineRenderer({ threads: 1 }),
      provider: "cpu" as const,
      receiver: queue,
      continuations: queue,
      groupSeconds,
      protection: {
        // of every group, and when there is none
        set: async () => {
          recordedCalls.push({ caller: "gpu-worker", ...protectionOf(cluster) });
          if (recordedCalls.some(isDone)) stop.abort();
        },
      },
      log: silentLog,
      check: null,
    };
    expect(await caller.run("gpu-worker", () => runWorker(deps, stop.signal))).toBe(0);
  }
}

const isSentByGpu = (call: RecordedCall) =>
  call.caller === "gpu-worker" && call.action === "sqs:SendMessage";
const isResultOfGpu = (call: RecordedCall) =>
  call.caller === "gpu-worker" && /:PutObject/.test(call.action) && /results/.test(call.resource);

/** Gives a function what waits in its queues, until nothing does. */
async function feed(name: LambdaFunctionName, context = IN_TIME): Promise<void> {
  const id = functionId(full, name);
  for (const mapping of deployed.mappings.filter((each) => each.functionId === id)) {
    const most = context === IN_TIME ? Number.POSITIVE_INFINITY : 1;
    for (let batch = 0; batch < most && (await feedBatch(mapping, context)); batch++);
  }
}

async function feedBatch(
  { functionId: id, queue, queueArn, batchSize }: Mapping,
  context: typeof IN_TIME,
): Promise<boolean> {
  const messages = await queue.receive({ maxMessages: batchSize, waitSeconds: 0 });
  if (messages.length === 0) return false;
  const event: SQSEvent = toSqsEvent(messages, queueArn);
  const response = (await handlers.get(id)!(event, context)) as SQSBatchResponse;
  expect(response.batchItemFailures).toEqual([]);
  await queue.deleteAll(messages.map(({ receiptHandle }) => receiptHandle));
  return true;
}

async function loseOneChannel(): Promise<void> {
  const [from, to] = [/^ChannelsQueue/, /^ChannelsDeadLetters/].map((id) =>
    deployed.queue(idOf(full, "AWS::SQS::Queue", id)),
  );
  const [message] = await from!.receive({ maxMessages: 1, waitSeconds: 5 });
  await to!.sendAll([{ body: message!.body, groupId: "lost" }]);
  await from!.deleteAll([message!.receiptHandle]);
}

const bucketName = () => nameOf(full.resources, idOf(full, "AWS::S3::Bucket", /^JobsBucket/));
const assemblyQueue = () => deployed.queue(idOf(full, "AWS::SQS::Queue", /^AssemblyQueue/));
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

async function readJson<T>(key: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(Buffer.from(await store.get(key)).toString()));
}

async function keysUnder(prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
