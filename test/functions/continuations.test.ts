import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { createHandler } from "../../functions/worker/handler.ts";
import * as flops from "../../lib/optvis/graph/pass-flops.ts";
import { acceptRequest } from "../../lib/pipeline/job/accept-request.ts";
import { CHECKPOINT_PREFIX } from "../../lib/pipeline/keys.ts";
import { MB_PER_VCPU, slowdownOf } from "../../lib/pipeline/rates.ts";
import { EngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { type MemoryPipeline, memoryPipeline, readJsonObject } from "../support/memory-pipeline.ts";
import { silentLog } from "../support/silent-log.ts";
import { LIMIT_MS, workOff } from "../support/simulated-worker.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const { passFlops } = flops;

/** The tiny network counts as computing so many times as much as it does. */
function compute(times: number): void {
  vi.spyOn(flops, "passFlops").mockImplementation((...pass) => times * passFlops(...pass));
}

afterEach(() => vi.restoreAllMocks());

async function tilesOf(pipeline: MemoryPipeline, jobId: string) {
  const keys = pipeline.store.keys(`jobs/${jobId}/tiles/`);
  return Promise.all(keys.map(async (key) => Buffer.from(await pipeline.store.get(key))));
}

const drawn = { network: "tiny", layer: "wide", channels: [2, 5], numIterations: 40 };

test.each([
  ["deepdream", { ...drawn, pyramidLevels: 2 }],
  ["fourier", { ...drawn, method: "fourier" }],
])(
  "%s: a channel that takes longer than its worker is sent on, killed in between, and is the same",
  async (_, request) => {
    const accept = async (pipeline: MemoryPipeline) => {
      const acceptance = await acceptRequest(request, pipeline.deps);
      if (acceptance.status === "rejected") throw new Error(acceptance.problems.join());
      return acceptance.jobId;
    };
    const calm = await memoryPipeline();
    const jobId = await accept(calm);
    await workOff(calm, { stepSeconds: 0.001 });

    const hurried = await memoryPipeline();
    expect(await accept(hurried)).toBe(jobId);
    const { calls, longestMs } = await workOff(hurried, { stepSeconds: 50, killed: [2, 5] });
    expect(calls).toBeGreaterThan(6);
    expect(longestMs).toBeLessThanOrEqual(LIMIT_MS);
    const tiles = await tilesOf(hurried, jobId);
    expect(tiles).toHaveLength(2);
    expect(tiles).toEqual(await tilesOf(calm, jobId));
    const result = await readJsonObject(hurried.store, `jobs/${jobId}/results/00002.json`);
    expect(result).toMatchObject({ state: "ok" });
    // what was left on the way is gone
    expect(hurried.store.keys(CHECKPOINT_PREFIX)).toEqual([]);
  },
);

test("a group of a GPU worker that takes longer than it may is sent on, and is the same", async () => {
  const request = { channels: [2, 5, 6], numIterations: 12, pyramidLevels: 2 };
  const [calm, hurried] = await Promise.all([1, 2].map(async () => memoryPipeline()));
  const { jobId } = await calm!.accept(request);
  await workOff(calm!, { stepSeconds: 0.001, worker: "gpu" });
  await hurried!.accept(request);
  const { calls, longestMs } = await workOff(hurried!, { stepSeconds: 80, worker: "gpu" });
  expect(calls).toBeGreaterThan(6);
  expect(longestMs).toBeLessThanOrEqual(LIMIT_MS);
  const tiles = await tilesOf(hurried!, jobId);
  expect(tiles).toHaveLength(3);
  expect(tiles).toEqual(await tilesOf(calm!, jobId));
});

/** Requests of every kind, and what draws them. */
const requests = fc.record({
  // how many times as much the network computes as the tiny one: iterations of 0.01 s to 1,000 s
  size: fc.double({ min: 4, max: 9, noNaN: true }).map((exponent) => 10 ** exponent),
  numIterations: fc.integer({ min: 1, max: 15 }),
  images: fc.oneof(
    fc.constant({ channels: [3] }),
    fc.integer({ min: 2, max: 5 }).map((diversity) => ({ targets: [{ channel: 3, diversity }] })),
  ),
  shape: fc.oneof(
    fc.record({
      method: fc.constant("deepdream" as const),
      pyramidLevels: fc.integer({ min: 1, max: 3 }),
      pyramidScale: fc.double({ min: 1.1, max: 2, noNaN: true }),
    }),
    fc.record({
      method: fc.constant("fourier" as const),
      canvasSize: fc.tuple(fc.integer({ min: 8, max: 61 }), fc.integer({ min: 8, max: 61 })),
      cropSize: fc.integer({ min: 12, max: 30 }),
    }),
  ),
});
const workers = fc.oneof(
  fc.record({
    worker: fc.constant("lambda" as const),
    memory: fc.integer({ min: MB_PER_VCPU, max: 10_240 }),
    // of seconds by the estimate, on cores that are faster and slower than those it was measured on
    speed: fc.double({ min: 0.5, max: 1.4, noNaN: true }),
  }),
  fc.record({
    worker: fc.constant("gpu" as const),
    speed: fc.double({ min: 0.01, max: 1, noNaN: true }),
  }),
);

test("whatever is accepted, no channel exceeds its worker's time; what is refused has a number that would do", async () => {
  const folder = await temporaryFolder();
  const seen = { accepted: 0, refused: 0, sentOn: 0 };
  await fc.assert(
    fc.asyncProperty(requests, workers, async ({ size, shape, images, numIterations }, by) => {
      const pipeline = await memoryPipeline({ folder });
      compute(size);
      let request: object = { network: "tiny", layer: "wide", numIterations, ...shape, ...images };
      let acceptance = await acceptRequest(request, pipeline.deps);
      if (acceptance.status === "rejected") {
        seen.refused++;
        const asTold = followed(request, acceptance.problems);
        // the network's own size is too much
        if (asTold === null) return;
        request = asTold;
        acceptance = await acceptRequest(request, pipeline.deps);
      }
      if (acceptance.status === "rejected") throw new Error(acceptance.problems.join());
      seen.accepted++;
      const { jobId, seconds, channels } = acceptance.plan;
      // each of the images that are drawn together has its share of an iteration
      const share = seconds!.step / ("targets" in request ? channels.length : 1);
      const slowdown =
        by.worker === "gpu" ? 1 : slowdownOf(Math.ceil(by.memory / MB_PER_VCPU), by.memory);
      const stepSeconds = share * by.speed * slowdown;
      const { worker } = by;
      const { calls, longestMs } = await workOff(pipeline, { stepSeconds, worker, slowdown });
      if (calls > channels.length) seen.sentOn++;
      expect(longestMs).toBeLessThanOrEqual(LIMIT_MS);
      for (const channel of channels) {
        expect((await pipeline.jobs.open(jobId).result(channel)).state).toBe("ok");
      }
    }),
    { numRuns: 10, seed: 20261128, endOnFailure: true },
  );
  // the property says something of each
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
});

test("a worker that does not look at its time exceeds it", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: [3], numIterations: 30, pyramidLevels: 1 });
  const { longestMs } = await workOff(pipeline, { stepSeconds: 45, isTold: false });
  expect(longestMs).toBeGreaterThan(LIMIT_MS);
});

/** The request with the first problem's advice taken; `null` where it has no number. */
function followed(request: object, [problem = ""]: readonly string[]): object | null {
  expect(problem).toMatch(/of one core/);
  const numbers = (pattern: RegExp) => pattern.exec(problem)?.slice(1).map(Number);
  const [numIterations] = numbers(/; use at most (\d+)$/) ?? [];
  if (numIterations !== undefined) return { ...request, numIterations };
  const [pyramidLevels] = numbers(/at most (\d+) pyramidLevels/) ?? [];
  if (pyramidLevels !== undefined) return { ...request, pyramidLevels };
  const cropSize = numbers(/cropSize of at most \[(\d+), (\d+)\]/);
  if (cropSize) return { ...request, cropSize };
  const canvasSize = numbers(/canvasSize of \[(\d+), (\d+)\]/);
  if (canvasSize) return { ...request, canvasSize };
  const [diversity] = numbers(/diversity of at most (\d+)/) ?? [];
  if (diversity !== undefined) return { ...request, targets: [{ channel: 3, diversity }] };
  if (problem.endsWith("leave diversity out")) return { ...request, targets: [{ channel: 3 }] };
  expect(problem).toMatch(/initialImage|earlier layer/);
  return null;
}

test("a message of an earlier part finds that another goes on", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: [2], numIterations: 40 });
  const [first] = pipeline.cpu.sent;
  let left = 1;
  const engine = new EngineRenderer({ threads: 1 });
  const handler = createHandler({
    ...pipeline.renderDeps(engine),
    continuations: pipeline.cpu,
    log: silentLog,
  });
  vi.spyOn(performance, "now").mockReturnValue(0);
  const context = { getRemainingTimeInMillis: () => (left-- > 0 ? LIMIT_MS : 36_000) };
  pipeline.cpu.sent.length = 0;
  expect((await handler(sqsEvent(first!.body), context)).batchItemFailures).toEqual([]);
  expect(pipeline.cpu.bodies).toMatchObject([{ channel: 2, part: 1 }]);
  // a second delivery of it makes no second chain
  left = 99;
  expect((await handler(sqsEvent(first!.body), context)).batchItemFailures).toEqual([]);
  expect(pipeline.cpu.sent).toHaveLength(1);
  expect(pipeline.store.keys("jobs/").filter((key) => key.includes("/results/"))).toEqual([]);
  await engine.close();
});

test("a worker that is told to stop opens no network, and counts no attempt", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [2] });
  const [first] = pipeline.cpu.sent;
  const openPinned = vi.fn(() => Promise.reject(new Error("opened in vain")));
  const handler = createHandler({
    ...pipeline.renderDeps(),
    networks: { openPinned },
    continuations: pipeline.cpu,
    hooks: { signal: AbortSignal.abort(new Error("stopped")) },
    log: silentLog,
  });
  const context = { getRemainingTimeInMillis: () => LIMIT_MS };
  const { batchItemFailures } = await handler(sqsEvent(first!.body), context);
  expect(batchItemFailures).toEqual([{ itemIdentifier: "m0" }]);
  expect(openPinned).not.toHaveBeenCalled();
  expect(pipeline.cpu.sent).toHaveLength(1);
  expect(await pipeline.jobs.open(jobId).images.attempts(2)).toBe(0);
});
