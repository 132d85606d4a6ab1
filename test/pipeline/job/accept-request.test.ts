import { expect, test } from "vitest";

import packageJson from "../../../package.json" with { type: "json" };
import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster } from "../../../lib/image/raster.ts";
import type { GpuVerdict } from "../../../lib/optvis/runtime/gpu-verdict.ts";
import {
  type AcceptDeps,
  acceptRequest,
  IdempotencyConflictError,
} from "../../../lib/pipeline/job/accept-request.ts";
import * as keys from "../../../lib/pipeline/keys.ts";
import { Job } from "../../../lib/pipeline/job/job.ts";
import type { RenderRequestInput } from "../../../lib/pipeline/request/request.ts";
import { MemoryQueue } from "../../support/memory-queue.ts";
import {
  memoryPipeline,
  NOW,
  readJsonObject,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";

test("a request becomes a job: request and plan in the bucket, one message a channel", async () => {
  const pipeline = await memoryPipeline();
  const plan = await pipeline.accept({ channels: [5, "1:3"] });
  expect(plan).toMatchObject({
    version: 1,
    total: 4,
    channels: [5, 1, 2, 3],
    layer: { index: 2, name: "wide", channels: 7 },
    provider: "cpu",
    codeVersion: `dreamgrid ${packageJson.version}`,
    createdAt: NOW.toISOString(),
    // a day, and the hundredths of a second that an image takes
    deadline: expect.stringMatching(/^2026-11-24T12:00:00\.0[1-9]\dZ$/),
  });
  expect(await new Job(pipeline.store, plan.jobId).plan()).toEqual(plan);
  expect(await readJsonObject(pipeline.store, keys.requestKey(plan.jobId))).toEqual(plan.request);
  expect(pipeline.cpu.bodies).toEqual(
    [5, 1, 2, 3].map((channel) => ({ jobId: plan.jobId, channel })),
  );
  expect(pipeline.cpu.sent.every(({ groupId }) => groupId === plan.jobId)).toBe(true);
  expect(pipeline.assembly.sent).toEqual([
    {
      body: JSON.stringify({ type: "reconcile", jobId: plan.jobId }),
      groupId: plan.jobId,
      delaySeconds: 900,
    },
  ]);
});

test("the same request is the same job however it is spelled, and is sent once", async () => {
  const pipeline = await memoryPipeline();
  const first = await pipeline.accept({ channels: "1:3" });
  const again = await pipeline.accept({ channels: [1, 2, 3], layer: 2, seed: 0, verbose: true });
  expect(again).toEqual(first);
  expect(pipeline.cpu.sent).toHaveLength(3);
  expect(pipeline.assembly.sent).toHaveLength(1);
});

test("a request stays the same job whatever recipes its network has", async () => {
  const recipes = [undefined, { first: { numIterations: 7 } }, { whole: { method: "fourier" } }];
  const ids = recipes.map(async (each) => {
    const pipeline = await memoryPipeline(each && { recipes: each });
    return (await pipeline.accept()).jobId;
  });
  expect(new Set(await Promise.all(ids)).size).toBe(1);
});

const VARIATIONS: readonly Partial<RenderRequestInput>[] = [
  { layer: "wide_relu" },
  { channels: "1:4" },
  { channels: [2, 1, 3, 4, 5] },
  { objective: "mean" },
  { numIterations: 3 },
  { pyramidLevels: 2 },
  { pyramidScale: 1.5 },
  { seed: 1 },
  { outputScaling: "none" },
  { executionEnvironment: "cpu" },
  { verbose: false },
  { montage: { title: "other" } },
];

test("a request that differs in one field is another job", async () => {
  const pipeline = await memoryPipeline();
  const ids = new Set<string>();
  for (const variation of [{}, ...VARIATIONS]) ids.add((await pipeline.accept(variation)).jobId);
  expect(ids.size).toBe(VARIATIONS.length + 1);
});

test("a network or initial image with other bytes under the same name makes another job", async () => {
  const one = await memoryPipeline();
  const other = await memoryPipeline({ seed: 2 });
  const ids = [(await one.accept()).jobId, (await other.accept()).jobId];
  for (const red of [10, 20]) {
    const image = filledRaster({ width: 30, height: 20 }, [red, 0, 0]);
    await one.store.put("uploads/a.png", await encodePng(image), "image/png");
    ids.push((await one.accept({ initialImage: "uploads/a.png" })).jobId);
  }
  expect(new Set(ids).size).toBe(4);
});

test("racing intakes of one request make one job with one plan", async () => {
  const pipeline = await memoryPipeline();
  const plans = await Promise.all(Array.from({ length: 5 }, () => pipeline.accept()));
  expect(new Set(plans.map(({ jobId }) => jobId)).size).toBe(1);
  expect(plans.every((plan) => plan.createdAt === plans[0]?.createdAt)).toBe(true);
});

test("a fan-out cut short is completed by the next call, and not repeated by the one after", async () => {
  const pipeline = await memoryPipeline();
  pipeline.cpu.failAfter(2);
  await expect(pipeline.accept()).rejects.toThrow("out of reach");
  expect(pipeline.cpu.sent).toHaveLength(2);
  const plan = await pipeline.accept();
  const channels = new Set(pipeline.cpu.bodies.map((body) => JSON.stringify(body)));
  expect(channels.size).toBe(plan.total);
  const sent = pipeline.cpu.sent.length;
  await pipeline.accept();
  expect(pipeline.cpu.sent).toHaveLength(sent);
});

test("an idempotency key names the job, and refuses another request under it", async () => {
  const { deps } = await memoryPipeline();
  const accept = (request: object, key: string) =>
    acceptRequest(request, deps, { idempotencyKey: key });
  expect(await accept(TINY_REQUEST, "order-66")).toMatchObject({ jobId: "order-66" });
  expect(await accept(TINY_REQUEST, "order-66")).toMatchObject({ jobId: "order-66" });
  await expect(accept({ ...TINY_REQUEST, seed: 5 }, "order-66")).rejects.toThrow(
    IdempotencyConflictError,
  );
  expect(await accept(TINY_REQUEST, "../plan")).toMatchObject({
    status: "rejected",
    problems: [expect.stringContaining('idempotency key: given "../plan"')],
  });
});

test("a job id sent as another request's key does not block the request it belongs to", async () => {
  const { accept } = await memoryPipeline();
  const { jobId } = await accept();
  const { deps } = await memoryPipeline();
  const other = await acceptRequest({ ...TINY_REQUEST, seed: 5 }, deps, { idempotencyKey: jobId });
  expect(other).toMatchObject({ jobId: `key-${jobId}` });
  // nor does a key that looks like that
  const third = await acceptRequest({ ...TINY_REQUEST, seed: 6 }, deps, {
    idempotencyKey: `key-${jobId}`,
  });
  expect(third).toMatchObject({ status: "accepted", jobId: `key-key-${jobId}` });
  expect(await acceptRequest(TINY_REQUEST, deps)).toMatchObject({ status: "accepted", jobId });
});

test("of two requests that race for one idempotency key, the winner's alone is kept", async () => {
  const { deps, store } = await memoryPipeline();
  const [loser, winner] = [TINY_REQUEST, { ...TINY_REQUEST, seed: 7 }];
  const putIfAbsent = store.putIfAbsent.bind(store);
  store.putIfAbsent = async (key, body, type) => {
    if (key === keys.planKey("order-66")) {
      store.putIfAbsent = putIfAbsent;
      await acceptRequest(winner, deps, { idempotencyKey: "order-66" });
    }
    return putIfAbsent(key, body, type);
  };
  await expect(acceptRequest(loser, deps, { idempotencyKey: "order-66" })).rejects.toThrow(
    IdempotencyConflictError,
  );
  const { request } = await new Job(store, "order-66").plan();
  expect(request.seed).toBe(7);
  expect(await readJsonObject(store, keys.requestKey("order-66"))).toEqual(request);
});

test("what is refused leaves nothing behind", async () => {
  const { deps, store, cpu, assembly } = await memoryPipeline();
  const before = store.keys();
  const bad = [
    { network: "tinny", layer: 2, channels: "all" },
    { ...TINY_REQUEST, initialImage: "uploads/none.png" },
    { ...TINY_REQUEST, executionEnvironment: "gpu" },
    { ...TINY_REQUEST, channels: [9] },
  ];
  const acceptances = await Promise.all(bad.map((request) => acceptRequest(request, deps)));
  expect(acceptances).toEqual([
    {
      status: "rejected",
      problems: [
        "network: given 'tinny'; there is no such network here (did you mean 'tiny'?); known are tiny",
      ],
    },
    { status: "rejected", problems: [expect.stringContaining("there is no such object")] },
    { status: "rejected", problems: [expect.stringContaining("no GPU workers are deployed")] },
    { status: "rejected", problems: [expect.stringContaining("wanted channels 1 to 7")] },
  ]);
  expect(store.keys()).toEqual(before);
  expect([...cpu.sent, ...assembly.sent]).toEqual([]);
});

test("large jobs go to the GPU where there is one, small ones to the CPU, and each where it asks", async () => {
  const { deps } = await memoryPipeline({ wideChannels: 150 });
  const gpu = new MemoryQueue();
  const started: (readonly [channels: number, sent: number])[] = [];
  const startWorkers = async (channels: number) => {
    started.push([channels, gpu.sent.length]);
  };
  const cuda = Object.assign(gpu, { startWorkers });
  const withGpu = { ...deps, queues: { ...deps.queues, cuda } };
  const providerOf = async (fields: Partial<RenderRequestInput>, on: AcceptDeps = withGpu) => {
    const acceptance = await acceptRequest({ ...TINY_REQUEST, ...fields }, on);
    return acceptance.status === "accepted" ? acceptance.plan.provider : acceptance.problems;
  };
  expect(await providerOf({ channels: "1:100" })).toBe("cpu");
  expect(started).toEqual([]);
  expect(await providerOf({ channels: "1:101" })).toBe("cuda");
  // before the channels are sent
  expect(started).toEqual([[101, 0]]);
  expect(gpu.sent).toHaveLength(101);
  expect(await providerOf({ channels: "1:3", executionEnvironment: "gpu" })).toBe("cuda");
  expect(await providerOf({ channels: "all", executionEnvironment: "cpu" })).toBe("cpu");
  expect(await providerOf({ channels: "1:102" }, deps)).toBe("cpu");
});

test("on a machine that renders for itself the GPU is asked for only where a request wants it", async () => {
  const { deps, cpu } = await memoryPipeline();
  const accept = (executionEnvironment: "auto" | "gpu", verdict: GpuVerdict, seed = 0) =>
    acceptRequest(
      { ...TINY_REQUEST, executionEnvironment, seed },
      { ...deps, queues: { cpu, cuda: cpu }, localGpu: () => Promise.resolve(verdict) },
    );
  const without = { isFit: false, reason: "WebGPU has no adapter" } as const;
  const fit = (provider: "cuda" | "webgpu") =>
    ({ isFit: true, provider, speedup: 5, drivers: [] }) as const;
  expect(await accept("gpu", without)).toEqual({
    status: "rejected",
    problems: ["executionEnvironment: given 'gpu', and WebGPU has no adapter; say 'auto' or 'cpu'"],
  });
  expect(cpu.sent).toEqual([]);
  expect(await accept("gpu", fit("webgpu"))).toMatchObject({ plan: { provider: "webgpu" } });
  // its workers take from the one queue, and draw where the request says
  const onGpu = cpu.sent.length;
  expect(onGpu).toBeGreaterThan(0);
  expect(await accept("auto", without)).toMatchObject({ plan: { provider: "cpu" } });
  expect(cpu.sent).toHaveLength(2 * onGpu);
  expect(await accept("gpu", fit("cuda"), 1)).toMatchObject({ plan: { provider: "cuda" } });
  expect(cpu.sent).toHaveLength(3 * onGpu);
});
