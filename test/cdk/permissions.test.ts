import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

import {
  LAMBDA_FUNCTIONS,
  type LambdaFunctionName,
} from "../../cdk/constructs/pipeline-functions.ts";
import { roundKeys } from "../../lib/pipeline/keys.ts";
import { reconcileMessage } from "../../lib/pipeline/job/messages.ts";
import type { RecordedCall } from "./support/iam-gateway.ts";
import { callEvent } from "./support/invoke.ts";
import { denied, neededIn, roleId, unmissedIn } from "./support/needed-calls.ts";
import { PackedCloud } from "./support/packed-cloud.ts";
import { synthesise } from "./support/synthesise.ts";

/** The template with everything in it; the others are parts of it. */
const full = synthesise({ gpu: "batch" });
const DAY_MS = 86_400_000;

/** The machine's clock, put back. */
const clock = {
  lateMs: 2 * DAY_MS,
  now: () => Date.now() - clock.lateMs,
  after: (delayMs: number, action: () => void) => {
    const timer = setTimeout(action, Math.max(0, delayMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

let cloud: PackedCloud;
beforeAll(async () => {
  cloud = await PackedCloud.start(full, { clock });
  // a file of a network that was never published, two days ago
  const left = new Uint8Array(3);
  await cloud.freshStore().put("models/left/model.onnx", left, "application/octet-stream");
  clock.lateMs = 0;
});
afterAll(() => cloud.close());

const REQUEST = { network: "emojinet", layer: 2, channels: [1, 2], numIterations: 2 };

test("the packed functions, GPU worker included, are denied nothing in a whole life of jobs", async () => {
  await putRequest("a", { ...REQUEST, pyramidLevels: 1 });
  await feed("intake");
  const jobId = await acceptedAs("a");
  // one channel is a dead letter, one is sent on by a worker that has no time, and drawn by another
  await loseOneMessage();
  // less than an iteration may take and its writing, and enough to say so on a busy machine
  await feed("worker", 90_000);
  expect(await keysUnder("checkpoints/")).toHaveLength(1);
  await feed("worker");
  expect(await keysUnder("checkpoints/")).toEqual([]);
  await feed("dead-letter");
  await cloud.queue(/^AssemblyQueue/).sendAll([reconcileMessage(jobId, "now")]);
  await feed("assembler");
  expect(await readJson(`jobs/${jobId}/complete.json`, z.looseObject({}))).toMatchObject({
    ok: 1,
    failed: 1,
  });
  await callApi(jobId);
  await onGpu();
  const unused = LAMBDA_FUNCTIONS.filter((name) => cloud.calls.every((c) => c.caller !== name));
  expect(unused).toEqual([]);
  expect(cloud.deniedCalls).toEqual([]);
});

const KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const variants = {
  "without GPU workers": synthesise(),
  "with GPU workers": full,
  "with GPU workers and a key": synthesise({ gpu: "batch", kmsKey: KEY }),
};

test.each(Object.entries(variants))("the stack %s allows each recorded call", (_, stack) => {
  const needed = neededIn(stack, cloud.calls);
  expect(needed.length).toBeGreaterThan(50);
  expect(denied(stack, needed)).toEqual([]);
});

/** What nothing in that life comes to, as it is short and on one machine. */
const BESIDE = [
  // the networks are on its disk, where the intake has put them
  "worker: s3:GetObject on models/*",
  "gpu-worker: s3:GetObject on models/*",
  // the intake is interrupted in a GPU job alone, which begins with no picture
  "assembler: sqs:SendMessage on ChannelsQueue",
  "gpu-worker: s3:GetObject on uploads/*",
  // whether a channel takes so long that its message is to be held is the machine's affair
  "gpu-worker: sqs:ChangeMessageVisibility",
];

test("an action or a resource that is taken from a statement is missed, whichever it is", () => {
  const isHolding = ({ caller, action }: RecordedCall) =>
    caller === "gpu-worker" && action === "sqs:ChangeMessageVisibility";
  const calls = cloud.calls.filter((call) => !isHolding(call));
  const needed = neededIn(full, calls);
  const unmissed = [...LAMBDA_FUNCTIONS, "gpu-worker"].flatMap((name) => {
    const own = needed.filter((call) => call.caller === name);
    return unmissedIn(full, name, own).map((gone) => `${name}: ${gone}`);
  });
  expect(unmissed.toSorted()).toEqual(BESIDE.toSorted());
});

test("a packed function whose role lacks a statement fails at it", async () => {
  const withoutTiles = changedRole("worker", /s3:PutObject/);
  const poor = await PackedCloud.start(withoutTiles);
  try {
    const request = json({ ...REQUEST, pyramidLevels: 1 });
    await poor.store.put("requests/a.json", request, "application/json");
    const [requests] = poor.mappingsOf("intake");
    const [channels] = poor.mappingsOf("worker");
    // S3's test event, and the request
    for (const _ of [1, 2]) {
      const taken = await requests!.queue.receive({ maxMessages: 1, waitSeconds: 5 });
      expect(await poor.handOver("intake", requests!, taken)).toEqual([]);
    }
    const messages = await channels!.queue.receive({ maxMessages: 10, waitSeconds: 5 });
    expect(messages).toHaveLength(2);
    expect(await poor.handOver("worker", channels!, messages)).toHaveLength(2);
    expect(poor.deniedCalls).toContainEqual(
      expect.objectContaining({ caller: "worker", action: "s3:PutObject" }),
    );
  } finally {
    await poor.close();
  }
});

/** The stack with a function's role that lacks the statements on an action. */
function changedRole(name: LambdaFunctionName, action: RegExp): typeof full {
  const role = roleId(full, name);
  const resources = Object.entries(full.resources).map(([id, resource]) => {
    const { Type, Properties } = resource;
    const isIts = Type === "AWS::IAM::Policy" && JSON.stringify(Properties["Roles"]).includes(role);
    if (!isIts) return [id, resource];
    const { Statement } = z
      .object({ Statement: z.array(z.looseObject({ Action: z.unknown() })) })
      .parse(Properties["PolicyDocument"]);
    const rest = Statement.filter(({ Action }) => !action.test(JSON.stringify(Action)));
    return [
      id,
      { ...resource, Properties: { ...Properties, PolicyDocument: { Statement: rest } } },
    ];
  });
  return { ...full, resources: Object.fromEntries(resources) };
}

async function api(method: string, path: string, body?: unknown) {
  const reply = await cloud.call("api", callEvent(method, path, body));
  return z
    .object({
      statusCode: z.number(),
      body: z.string(),
      headers: z.record(z.string(), z.string()).optional(),
    })
    .parse(reply);
}

async function callApi(jobId: string): Promise<void> {
  const statusOf = async (...words: Parameters<typeof api>) => (await api(...words)).statusCode;
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
  // a link that the API signed is used with its rights
  const sheet = await api("GET", `/jobs/${jobId}/sheet`);
  expect((await fetch(sheet.headers!["Location"] ?? sheet.headers!["location"]!)).status).toBe(200);
  await api("GET", `/jobs/${jobId}/tiles/1`);
  await api("GET", `/jobs/${jobId}/deep-zoom/0/0/0`);
  const image = { kind: "image", contentType: "image/png", sizeBytes: 9 };
  expect(await upload(image)).toBe(200);
  expect(await upload({ kind: "model", network: "another", file: "a.onnx", sizeBytes: 9 })).toBe(
    200,
  );
  expect(await keysUnder("models/left/")).toEqual([]);

  expect(await statusOf("POST", `/jobs/${jobId}/retry`)).toBe(202);
  expect(await statusOf("DELETE", `/jobs/${jobId}`)).toBe(202);
  await feed("worker");
  // an image of the first job, and one that was uploaded
  const [tileKey] = await keysUnder(`jobs/${jobId}/tiles/`);
  await cloud.store.put("uploads/own.png", await cloud.store.get(tileKey!), "image/png");
  const seeded = { ...REQUEST, channels: [3], initialImage: "uploads/own.png", pyramidLevels: 1 };
  await putRequest("seeded", seeded);
  await feed("intake");
  expect(await statusOf("POST", "/jobs", { ...seeded, numIterations: 1 })).toBe(202);
  await feed("worker");
  await feed("assembler");

  expect(
    await statusOf("POST", "/atlases", { network: "emojinet", layers: [2], channels: "1:1" }),
  ).toBe(202);
  expect(await statusOf("GET", "/atlases/emojinet")).toBe(200);
  await askWhy(tileKey!);
}

/** Two questions: one is a dead letter, one is answered. */
async function askWhy(image: string): Promise<void> {
  const question = { network: "emojinet", image };
  const { body } = await api("POST", "/explanations", question);
  await loseOneMessage();
  await feed("dead-letter");
  const stateOf = async () => {
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(body));
    return JSON.parse((await api("GET", `/explanations/${id}`)).body).state as string;
  };
  expect(await stateOf()).toBe("failed");
  await api("POST", "/explanations", question);
  await feed("worker");
  expect(await stateOf()).toBe("done");
}

/** Asks for a link, and sends nine bytes there. */
async function upload(wanted: unknown): Promise<number> {
  const { statusCode, body } = await api("POST", "/uploads", wanted);
  expect(statusCode).toBe(201);
  const link = z
    .object({ url: z.string(), headers: z.record(z.string(), z.string()) })
    .parse(JSON.parse(body));
  const sent = { method: "PUT", headers: link.headers, body: new Uint8Array(9) };
  return (await fetch(link.url, sent)).status;
}

async function onGpu(): Promise<void> {
  const request = { ...REQUEST, channels: [4], pyramidLevels: 1, executionEnvironment: "gpu" };
  await putRequest("gpu", request);
  await feed("intake");
  const jobId = await acceptedAs("gpu");
  // as if the intake had been interrupted: the assembler sends the channels, and so does the API;
  // each starts a worker, since the queue is empty
  await dropGpuChannels();
  await cloud.store.delete(roundKeys(jobId).dispatched);
  await cloud.queue(/^AssemblyQueue/).sendAll([reconcileMessage(jobId, "now")]);
  await feed("assembler");
  await dropGpuChannels();
  expect(await api("POST", "/jobs", { ...request, channels: [5] })).toMatchObject({
    statusCode: 202,
  });
  // one that has no time for its group, and sends it on, and one that has
  await cloud.runGpuWorker({ GROUP_SECONDS: "0" }, ({ action }) => action === "sqs:SendMessage");
  await cloud.runGpuWorker({}, ({ action }) => action === "s3:DeleteObject");
}

/**
 * Gives a function what waits in its queues, until nothing does; in one batch if it has no time.
 */
async function feed(name: LambdaFunctionName, remainingMs?: number): Promise<void> {
  for (const mapping of cloud.mappingsOf(name)) {
    const most = remainingMs === undefined ? Number.POSITIVE_INFINITY : 1;
    for (let batch = 0; batch < most; batch++) {
      const { queue, batchSize } = mapping;
      const messages = await queue.receive({ maxMessages: batchSize, waitSeconds: 0 });
      if (messages.length === 0) break;
      expect(await cloud.handOver(name, mapping, messages, remainingMs)).toEqual([]);
    }
  }
}

async function dropGpuChannels(): Promise<void> {
  const queue = cloud.queue(/^GpuChannelsQueue/);
  const messages = await queue.receive({ maxMessages: 10, waitSeconds: 0 });
  expect(messages).toHaveLength(1);
  await queue.deleteAll(messages.map(({ receiptHandle }) => receiptHandle));
}

async function loseOneMessage(): Promise<void> {
  const [from, to] = [/^ChannelsQueue/, /^ChannelsDeadLetters/].map((id) => cloud.queue(id));
  const [message] = await from!.receive({ maxMessages: 1, waitSeconds: 0 });
  await to!.sendAll([{ body: message!.body, groupId: "lost" }]);
  await from!.deleteAll([message!.receiptHandle]);
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

async function putRequest(name: string, request: unknown): Promise<void> {
  await cloud.store.put(`requests/${name}.json`, json(request), "application/json");
}

async function acceptedAs(name: string): Promise<string> {
  return (await readJson(`responses/${name}.json`, z.object({ jobId: z.string() }))).jobId;
}

async function readJson<T>(key: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(Buffer.from(await cloud.store.get(key)).toString()));
}

async function keysUnder(prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of cloud.store.list(prefix)) keys.push(key);
  return keys;
}
