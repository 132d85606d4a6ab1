import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CREDENTIALS, type Endpoint, REGION, startEndpoint } from "@dreamgrid/aws-endpoint";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

import {
  bundleFunctions,
  type CodeBundle,
  writeFunction,
} from "../../cdk/bundle/function-bundle.ts";
import { PackedFunction } from "../../cdk/bundle/packed-function.ts";
import { copyPackages } from "../../cdk/bundle/packages.ts";
import {
  LAMBDA_FUNCTIONS,
  type LambdaFunctionName,
} from "../../cdk/constructs/pipeline-functions.ts";
import { parseChannelJob } from "../../lib/pipeline/job/messages.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { createSqsClient } from "../../lib/queue/sqs-client.ts";
import { SqsQueue } from "../../lib/queue/sqs-queue.ts";
import { BUCKET, localConnection, QUEUE_NAMES, QUEUES } from "../../local/resources.ts";
import { bundleOf } from "./support/bundles.ts";
import { callEvent, creationsEvent, messagesEvent } from "./support/invoke.ts";

const MB = 1e6;
/** Of all files unpacked; Lambda takes 250 MB. */
const MAX_MB: Readonly<Record<LambdaFunctionName, number>> = {
  worker: 74,
  intake: 35,
  api: 35,
  assembler: 27,
  "dead-letter": 3,
};

/** Outside the repository: nothing can be found in a `node_modules` further up. */
const folder = mkdtempSync(join(tmpdir(), "dreamgrid-bundles-"));
const folderOf = (name: LambdaFunctionName) => join(folder, name);
for (const name of LAMBDA_FUNCTIONS) writeFunction(bundleOf(name), folderOf(name));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(LAMBDA_FUNCTIONS)("%s is as large as it has to be", (name) => {
  const bytes = files(folderOf(name)).reduce((sum, file) => sum + statSync(file).size, 0);
  expect(bytes / MB).toBeLessThan(MAX_MB[name]);
  expect(bytes / MB).toBeGreaterThan(MAX_MB[name] / 2);
});

test("only linux/x64 binaries are packed, and no more of them than are loaded", () => {
  const binaries = files(folderOf("worker"))
    .filter((file) => /\.(node|dll|dylib|so[.\d]*)$/.test(file))
    .map((file) => file.replace(/.*node_modules\//, ""));
  expect(binaries.toSorted()).toEqual([
    expect.stringMatching(/^@img\/sharp-libvips-linux-x64\/lib\/libvips-cpp\.so\.[\d.]+$/),
    expect.stringMatching(/^@img\/sharp-linux-x64\/lib\/sharp-linux-x64-[\d.]+\.node$/),
    "onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1",
    "onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node",
  ]);
  expect(existsSync(join(folderOf("assembler"), "node_modules/onnxruntime-node"))).toBe(false);
});

test("the assembler has a font for titles, where a machine has none", async () => {
  const script = `
    import { missingGlyphs } from "./lib/image/rendered-text.ts";
    const text = "Слой, στρώμα, طبقة, שכבה, Schicht für é: 層";
    console.log(await missingGlyphs({ text, x: 0, y: 0, scale: 1, boxWidth: 100 }));
  `;
  const missing = (configuration: string) => {
    const env = { ...process.env, FONTCONFIG_FILE: configuration };
    const words = ["--import", "tsx", "--input-type=module", "--eval", script];
    return execFileSync(process.execPath, words, { env, encoding: "utf8" }).trim();
  };
  expect(missing(join(folderOf("assembler"), "fonts/fonts.conf"))).toBe("層");
  expect(existsSync(join(folderOf("api"), "fonts"))).toBe(false);
});

test("built again, and by itself, a bundle has the same bytes", () => {
  const hashes = (bundle: CodeBundle) => bundle.files.map(({ hash }) => hash);
  expect(hashes(bundleOf("worker"))).toHaveLength(6);
  expect(hashes(bundleFunctions(["worker"])("worker"))).toEqual(hashes(bundleOf("worker")));
});

test("a package that is not installed is named, with what to do", () => {
  expect(() => copyPackages(["@img/sharp-win32-x64"], folder)).toThrow(
    /node_modules\/@img\/sharp-win32-x64 is not there.*npm ci --os=linux/,
  );
});

test("source maps lead to the sources", () => {
  const map = z
    .object({ sources: z.array(z.string()) })
    .parse(JSON.parse(readFileSync(join(folderOf("intake"), "index.mjs.map"), "utf8")));
  expect(map.sources).toContain("../../../functions/intake/handler.ts");
});

let endpoint: Endpoint;
let store: S3ObjectStore;
let channels: SqsQueue;
beforeAll(async () => {
  endpoint = await startEndpoint({
    dataFolder: join(folder, "endpoint"),
    // without notifications: the events below are recorded ones
    buckets: [{ name: BUCKET }],
    queues: QUEUES,
  });
  const connection = localConnection(endpoint.url);
  store = new S3ObjectStore(createS3Client(connection), BUCKET);
  channels = new SqsQueue(createSqsClient(connection), endpoint.queueUrl(QUEUE_NAMES.channels));
});
afterAll(() => endpoint.close());

const SOURCE_QUEUES: Readonly<Record<LambdaFunctionName, string>> = {
  intake: QUEUE_NAMES.requests,
  worker: QUEUE_NAMES.channels,
  assembler: QUEUE_NAMES.assembly,
  "dead-letter": QUEUE_NAMES.channelsDead,
  api: QUEUE_NAMES.requests,
};
/** Kept between calls, as Lambda keeps them. */
const started = new Map<LambdaFunctionName, PackedFunction>();
afterAll(() => Promise.all([...started.values()].map((each) => each.stop())));

async function call(name: LambdaFunctionName, event: unknown): Promise<unknown> {
  const own = started.get(name) ?? (await PackedFunction.start(folderOf(name), variablesOf(name)));
  started.set(name, own);
  return own.call(event);
}

const variablesOf = (name: LambdaFunctionName) => ({
  AWS_ENDPOINT_URL: endpoint.url,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  BUCKET_NAME: BUCKET,
  CHANNEL_QUEUE_URL: endpoint.queueUrl(QUEUE_NAMES.channels),
  SOURCE_QUEUE_URL: endpoint.queueUrl(SOURCE_QUEUES[name]),
  ASSEMBLY_QUEUE_URL: endpoint.queueUrl(QUEUE_NAMES.assembly),
  MODEL_CACHE_DIR: join(folder, "cache"),
  BUNDLED_MODELS_DIR: join(folderOf(name), "models"),
  FONTCONFIG_FILE: join(folderOf(name), "fonts/fonts.conf"),
  WORKER_THREADS: "1",
  WORKER_MEMORY_MB: "3008",
});

const ALL_DONE = { batchItemFailures: [] };
const COMMON = { network: "emojinet", layer: 2, channels: [1, 2, 3], numIterations: 1 };
const REQUESTS = {
  deepdream: { ...COMMON, pyramidLevels: 1, montage: { title: "Слой" } },
  fourier: { ...COMMON, method: "fourier", canvasSize: [40, 50], cropSize: 32 },
};

test("the packed functions, each alone in its folder, take requests to their sheets", async () => {
  const keyOf = (method: string) => `requests/${method}.json`;
  for (const [method, json] of Object.entries(REQUESTS)) {
    await store.put(keyOf(method), Buffer.from(JSON.stringify(json)), "application/json");
  }
  const keys = Object.keys(REQUESTS).map(keyOf);
  expect(await call("intake", creationsEvent(BUCKET, keys))).toEqual(ALL_DONE);
  const jobs = await Promise.all(
    Object.entries(REQUESTS).map(async ([method, json]) => {
      const response = await readJson(`responses/${method}.json`);
      expect(response).toMatchObject({ status: "accepted" });
      return { json, ...z.object({ jobId: z.string() }).parse(response) };
    }),
  );
  expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(2);

  const messages = await receiveAll(6);
  const isPoisoned = (body: string) => parseChannelJob(body).channel === 3;
  const [poisoned, rendered] = [true, false].map((is) =>
    messages.filter((body) => isPoisoned(body) === is),
  );
  expect(poisoned).toHaveLength(2);
  expect(await call("worker", messagesEvent(rendered!))).toEqual(ALL_DONE);
  expect(await call("dead-letter", messagesEvent(poisoned!))).toEqual(ALL_DONE);

  const results = jobs.flatMap(({ jobId }) =>
    [1, 2, 3].map((channel) => `jobs/${jobId}/results/0000${channel}.json`),
  );
  expect(await call("assembler", creationsEvent(BUCKET, results))).toEqual(ALL_DONE);
  for (const { json, jobId } of jobs) {
    const completion = await readJson(`jobs/${jobId}/complete.json`);
    expect(completion).toMatchObject({ state: "completed_with_failures", ok: 2, failed: 1 });
    // with the font that is packed, the title lacks nothing
    expect(completion).not.toHaveProperty("missingGlyphs");
    expect((await store.head(`jobs/${jobId}/montage.png`))?.sizeBytes).toBeGreaterThan(5_000);
    expect(await call("api", callEvent("POST", "/jobs", json))).toMatchObject({
      statusCode: 202,
      body: expect.stringContaining(jobId),
    });
  }

  // the same requests again draw what failed, and that alone
  const again = await receiveAll(2);
  expect(again.map(isPoisoned)).toEqual([true, true]);
  expect(await call("worker", messagesEvent(again))).toEqual(ALL_DONE);
  expect(await call("assembler", creationsEvent(BUCKET, results))).toEqual(ALL_DONE);
  for (const { jobId } of jobs) {
    expect(await call("api", callEvent("GET", `/jobs/${jobId}`))).toMatchObject({
      statusCode: 200,
      body: expect.stringMatching(/"state":"completed",.*"ok":3,"failed":0/),
    });
  }
});

test("a function that lacks a file does not get away with it", () => {
  // as it does for its first picture
  const words = ["--input-type=module", "--eval", 'await import("sharp")'];
  const load = () =>
    execFileSync(process.execPath, words, { cwd: folderOf("assembler"), stdio: "pipe" });
  expect(load).not.toThrow();
  rmSync(join(folderOf("assembler"), "node_modules/detect-libc"), { recursive: true });
  expect(load).toThrow(/detect-libc/);
});

async function readJson(key: string): Promise<unknown> {
  return JSON.parse(Buffer.from(await store.get(key)).toString());
}

async function receiveAll(count: number): Promise<readonly string[]> {
  const bodies: string[] = [];
  while (bodies.length < count) {
    const messages = await channels.receive({ maxMessages: 10, waitSeconds: 5 });
    bodies.push(...messages.map(({ body }) => body));
    // as Lambda does where all went well; they are not to come again among the next job's
    await channels.deleteAll(messages.map(({ receiptHandle }) => receiptHandle));
    if (messages.length === 0) throw new Error(`${bodies.length} messages came, not ${count}`);
  }
  return bodies;
}

function files(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
