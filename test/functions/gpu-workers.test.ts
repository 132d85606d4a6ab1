import * as fc from "fast-check";
import { expect, test } from "vitest";

import { gpuWorkerStarter, workersFor } from "../../functions/gpu-workers.ts";

/** Workers started for each of some jobs, whose channels all wait. */
async function startedFor(most: number, jobs: readonly number[], held = 0) {
  let waiting = 0;
  let started = 0;
  const start = gpuWorkerStarter({
    most,
    depth: () => Promise.resolve({ waiting, held }),
    startOne: () => Promise.resolve(started++),
  });
  const counts: number[] = [];
  for (const channels of jobs) {
    const before = started;
    await start(channels);
    waiting += channels;
    counts.push(started - before);
  }
  return counts;
}

test.each([
  [0, 0],
  [1, 1],
  [199, 1],
  [200, 2],
  [799, 2],
  [800, 4],
  [3_199, 4],
  [3_200, 8],
  [50_000, 8],
])("%i channels are worth %i workers, and never more than are allowed", (channels, workers) => {
  expect(workersFor(channels, 100)).toBe(workers);
  expect(workersFor(channels, 3)).toBe(Math.min(3, workers));
});

test("a job of an idle queue starts a worker at least, one of a busy queue what it adds", async () => {
  expect(await startedFor(4, [1])).toEqual([1]);
  expect(await startedFor(4, [900])).toEqual([4]);
  expect(await startedFor(4, [101], 50)).toEqual([0]);
  expect(await startedFor(4, [101], 150)).toEqual([1]);
});

test("however channels come, they start the workers that they are worth together", async () => {
  const jobs = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 10 }), async (channels, most) => {
      const counts = await startedFor(most, channels);
      const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
      expect(sum(counts)).toBe(workersFor(sum(channels), most));
      expect(counts[0]).toBeGreaterThan(0);
    }),
    { seed: 12, numRuns: 100 },
  );
});

test("a worker that is not started is no success", async () => {
  const startOne = () => Promise.reject(new Error("AccessDenied"));
  const depth = () => Promise.resolve({ waiting: 0, held: 0 });
  const start = gpuWorkerStarter({ most: 1, depth, startOne });
  await expect(start(1)).rejects.toThrow("AccessDenied");
});

test("where channels wait and nobody holds any, further ones start a worker now and then", async () => {
  let [started, minutes, held] = [0, 0, 0];
  const start = gpuWorkerStarter({
    most: 4,
    depth: () => Promise.resolve({ waiting: 50, held }),
    startOne: () => Promise.resolve(started++),
    now: () => 60_000 * minutes,
  });
  const counts: (readonly [minutes: number, started: number])[] = [];
  for (minutes of [0, 1, 19, 21, 30]) {
    await start(3);
    counts.push([minutes, started]);
  }
  expect(counts).toEqual([
    [0, 1],
    [1, 1],
    [19, 1],
    [21, 2],
    [30, 2],
  ]);
  // one is at work
  [minutes, held] = [90, 32];
  await start(3);
  expect(started).toBe(2);
});
