import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

import { createHandler } from "../../functions/worker/handler.ts";
import { TIMEOUT_SECONDS } from "../../functions/delivery.ts";
import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { acceptRequest } from "../../lib/pipeline/job/accept-request.ts";
import { CHECKPOINT_PREFIX } from "../../lib/pipeline/keys.ts";
import { MAX_STEP_SECONDS } from "../../lib/pipeline/limits.ts";
import { createEngineRenderer } from "../../lib/pipeline/render/engine-renderer.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import {
  type MemoryPipeline,
  memoryPipeline,
  readJsonObject,
  silentLog,
} from "../support/memory-pipeline.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const LIMIT_MS = 1_000 * TIMEOUT_SECONDS.worker;

afterEach(() => vi.restoreAllMocks());

interface Simulation {
  /** Of one iteration, by the simulated clock. */
  readonly stepSeconds: number;
  /** Invocations, from 1, that are killed at their second iteration. */
  readonly killed?: readonly number[];
}

/** Works the queue off, a message an invocation, under a clock that iterations alone move on. */
async function workOff(pipeline: MemoryPipeline, { stepSeconds, killed = [] }: Simulation) {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  const engine = createEngineRenderer({ threads: 1 });
  const renderer: Renderer = {
    ...engine,
    examine: (...picture) => {
      // ten passes forward
      nowMs += 5_000 * stepSeconds;
      return engine.examine(...picture);
    },
  };
  let [invocations, longestMs] = [0, 0];
  try {
    while (pipeline.cpu.sent.length > 0) {
      const { body } = pipeline.cpu.sent.shift()!;
      const startedMs = nowMs;
      const last = new Map<string, number>();
      const death = new AbortController();
      if (++invocations > 100) throw new Error(`it does not end: ${body}`);
      const isKilled = killed.includes(invocations);
      // a dead worker writes nothing
      const store = isKilled ? undying(pipeline, death.signal) : pipeline.store;
      const handler = createHandler({
        ...pipeline.renderDeps(renderer),
        store,
        jobs: new Jobs(store),
        continuations: pipeline.cpu,
        log: silentLog,
        hooks: {
          signal: death.signal,
          onProgress: (_, { channel, level, iteration }) => {
            const before = last.get(`${channel}/${level}`) ?? iteration - 1;
            last.set(`${channel}/${level}`, iteration);
            nowMs += 1_000 * stepSeconds * Math.max(1, iteration - before);
            if (isKilled && iteration > 1) death.abort(new Error("killed"));
          },
        },
      });
      const context = { getRemainingTimeInMillis: () => LIMIT_MS - (nowMs - startedMs) };
      const { batchItemFailures } = await handler(sqsEvent(body), context);
      if (batchItemFailures.length > 0) pipeline.cpu.sent.push({ body });
      longestMs = Math.max(longestMs, nowMs - startedMs);
    }
  } finally {
    await engine.close();
  }
  return { invocations, longestMs };
}

/** The store, of which nothing is left by whoever has died. */
function undying({ store }: MemoryPipeline, death: AbortSignal) {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...words: unknown[]) =>
        name === "put" && death.aborted ? Promise.resolve() : value.apply(target, words);
    },
  });
}

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
    const calm = await memoryPipeline(await temporaryFolder());
    const jobId = await accept(calm);
    await workOff(calm, { stepSeconds: 0.001 });

    const hurried = await memoryPipeline(await temporaryFolder());
    expect(await accept(hurried)).toBe(jobId);
    const { invocations, longestMs } = await workOff(hurried, { stepSeconds: 50, killed: [2, 5] });
    expect(invocations).toBeGreaterThan(6);
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

test("whatever is accepted, no channel exceeds its worker's time", async () => {
  const folder = await temporaryFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        stepSeconds: fc.double({ min: 0.01, max: 1.5 * MAX_STEP_SECONDS, noNaN: true }),
        numIterations: fc.integer({ min: 1, max: 30 }),
        pyramidLevels: fc.integer({ min: 1, max: 3 }),
        seed: fc.integer({ min: 0, max: 99 }),
      }),
      async ({ stepSeconds, ...fields }) => {
        const pipeline = await memoryPipeline(folder);
        const { jobId } = await pipeline.accept({ ...fields, channels: [3] });
        const { longestMs } = await workOff(pipeline, { stepSeconds });
        expect(longestMs).toBeLessThanOrEqual(LIMIT_MS);
        expect((await pipeline.jobs.open(jobId).result(3)).state).toBe("ok");
      },
    ),
    { numRuns: 5, seed: 20261128, endOnFailure: true },
  );
});

test("a message of an earlier part finds that another goes on", async () => {
  const pipeline = await memoryPipeline(await temporaryFolder());
  await pipeline.accept({ channels: [2], numIterations: 40 });
  const [first] = pipeline.cpu.sent;
  let left = 1;
  const engine = createEngineRenderer({ threads: 1 });
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
