import { expect, onTestFinished, test, vi } from "vitest";

import { AscentEngine, type EngineOptions } from "../../../lib/optvis/ascent/engine.ts";
import type { AscentHooks } from "../../../lib/optvis/ascent/hooks.ts";
import { OutOfTimeError } from "../../../lib/optvis/ascent/interruption.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import type { Target } from "../../../lib/optvis/ascent/target.ts";
import type { AscentTask } from "../../../lib/optvis/ascent/task.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { buffersOf } from "../../../lib/optvis/runtime/buffers.ts";
import { OutOfMemoryError } from "../../../lib/optvis/runtime/errors.ts";
import { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";
import { bytesOf, imageOf, kinked, SIZE, taskOf } from "./engine-task.ts";
import { relativeDistance } from "../fixtures.ts";

const CHANNELS = [5, 1, 4, 2, 3];
const task = taskOf(kinked, "conv3", { channels: CHANNELS, provider: "cuda" }, 2);
/** Heights of the two levels. */
const [FIRST, SECOND] = task.levels.map(({ size }) => size.height) as [number, number];

/** Runs of a graph: of what height, and how many images at once. */
interface Run {
  readonly height: number;
  readonly images: number;
}

/**
 * Until the test is finished CUDA's graphs are run on the CPU, by a card that runs out of memory.
 *
 * @returns what it was asked to run
 */
function fakeCard(hasRoom: (run: Run, index: number) => boolean): readonly Run[] {
  const runs: Run[] = [];
  const run: SessionWorker["run"] = Reflect.get(SessionWorker.prototype, "run");
  const spy = vi.spyOn(SessionWorker.prototype, "run");
  onTestFinished(() => spy.mockRestore());
  spy.mockImplementation(function (this: SessionWorker, graph, feeds, moved = []) {
    const [images = 0, , height = 0] = feeds["image"]!.shape;
    runs.push({ height, images });
    if (runs.length > 100) throw new Error("it does not end");
    if (hasRoom({ height, images }, runs.length - 1)) {
      return run.call(this, { ...graph, provider: "cpu" }, feeds, moved);
    }
    // as with a thread, what has gone over is gone
    structuredClone(null, { transfer: buffersOf(feeds, moved) });
    return Promise.reject(new OutOfMemoryError("there is no more"));
  });
  return runs;
}

/** Renders on a new engine, or on one that there is; results in the task's order, and notices. */
async function render(
  given: AscentTask,
  options: EngineOptions | AscentEngine = {},
  hooks: AscentHooks = {},
) {
  const engine = options instanceof AscentEngine ? options : engineOf(options);
  const notices: string[] = [];
  const onNotice = (notice: string) => void notices.push(notice);
  const results = await engine.render(given, { ...hooks, onNotice });
  expect(results.map(({ channel }) => channel)).toEqual(given.channels);
  return { bytes: results.map(bytesOf), results, notices };
}

function engineOf(options: EngineOptions = {}): AscentEngine {
  const engine = new AscentEngine({ threads: 1, freeBytes: async () => null, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

const batches = (runs: readonly Run[], height: number) =>
  new Set(runs.flatMap((run) => (run.height === height ? [run.images] : [])));

test("the card's free memory is known before it is used, and decides how many go at once", async () => {
  const runs = fakeCard(() => true);
  const freeBytes = vi.fn(async () => {
    expect(runs).toEqual([]);
    return 1e6;
  });
  const { bytes, notices } = await render(task, { freeBytes });
  expect(freeBytes).toHaveBeenCalled();
  expect([...batches(runs, SECOND)]).toEqual([2]);
  expect([...batches(runs, FIRST)]).toEqual([4]);
  expect(notices).toEqual(
    [4, 2].map((n) => `the graphics card has 0.0 GB free, enough for ${n} images at a time`),
  );
  const before = runs.length;
  const all = await render(task);
  expect([...batches(runs.slice(before), SECOND)]).toEqual([5]);
  expect(all.notices).toEqual([]);
  expect(new Set(bytes).size).toBe(CHANNELS.length);
});

test("it is known too before other graphs are run there", async () => {
  const runs = fakeCard(() => true);
  const freeBytes = vi.fn(async () => {
    expect(runs).toEqual([]);
    return null;
  });
  const imageShape = [1, 3, SIZE.height, SIZE.width] as const;
  const pass = { model: kinked.network.model, layer: kinked.target("conv3"), imageShape };
  const look = { key: "a look", provider: "cuda", recipe: { kind: "layer", pass } } as const;
  const image = floatTensor(imageShape, new Float32Array(3 * SIZE.height * SIZE.width));
  await engineOf({ freeBytes }).evaluate(look, { image });
  expect(freeBytes).toHaveBeenCalled();
  expect(runs).toHaveLength(1);
});

test("a stage that takes too much memory begins anew with half the images, from then on", async () => {
  const runs = fakeCard(({ height, images }) => height === FIRST || images <= 2);
  const engine = engineOf();
  const begun: number[] = [];
  const onBegin = async (channels: readonly number[]) => void begun.push(...channels);
  const { bytes, results, notices } = await render(task, engine, { onBegin });
  expect([...batches(runs, FIRST)], "the first stage had room").toEqual([5]);
  expect([...batches(runs, SECOND)]).toEqual([5, 2]);
  expect(runs.filter(({ images, height }) => images === 5 && height === SECOND)).toHaveLength(1);
  expect(notices).toEqual([
    "5 images at a time took more memory than there is; it is tried with 2 images",
  ]);
  expect(begun, "each once").toEqual(CHANNELS);

  const before = runs.length;
  const again = await render(task, engine);
  expect([...batches(runs.slice(before), SECOND)]).toEqual([2]);
  expect(again.bytes).toEqual(bytes);
  expect(again.notices).toEqual([]);

  const onCpu = await render({ ...task, provider: "cpu" });
  for (const [i, result] of results.entries()) {
    const distances = onCpu.results.map((other) =>
      relativeDistance(imageOf(result).image.data, imageOf(other).image.data),
    );
    expect(distances[i]).toBeLessThan(1e-4);
    expect(Math.min(...distances.toSpliced(i, 1))).toBeGreaterThan(1e-2);
  }
});

/** One run for each batch: four of the first level at once, two of the second. */
const short = { ...task, iterations: 1 };
const tight = { freeBytes: async () => 1e6 };

test("what has passed the stage by then is not run again", async () => {
  const runs = fakeCard((_, index) => index !== 1);
  const frames: string[] = [];
  const { notices } = await render(short, tight, {
    frames: {
      count: 9,
      take: async ({ channel, iteration }) => void frames.push(`${channel} at ${iteration}`),
    },
  });
  // of the last one the beginning is seen again
  expect(frames.toSorted()).toEqual(
    [...CHANNELS.flatMap((channel) => [`${channel} at 0`, `${channel} at 1`]), "3 at 0"].toSorted(),
  );
  expect(runs.map(({ height, images }) => [height, images])).toEqual([
    [FIRST, 4],
    [FIRST, 4],
    // the one that is left
    [FIRST, 1],
    ...[2, 2, 2].map((images) => [SECOND, images]),
  ]);
  expect(notices).toContain(
    "4 images at a time took more memory than there is; it is tried with 2 images",
  );
});

test("an interruption after it tells of all images, and they go on from there", async () => {
  const runs = fakeCard((_, index) => index !== 1);
  let stretches = 2;
  const states = new Map<number, readonly AscentState[]>();
  const stopped = render(short, tight, {
    hasTime: () => stretches-- > 0,
    onStopped: async (told) => told.forEach((of, channel) => void states.set(channel, of)),
  });
  await expect(stopped).rejects.toThrow(OutOfTimeError);
  const [last] = CHANNELS.slice(-1);
  for (const channel of CHANNELS) {
    const done = channel === last ? 0 : 1;
    expect(states.get(channel)).toMatchObject([{ channel, stage: 0, done }]);
  }

  const before = runs.length;
  const resume = [...states.values()].flat();
  const resumed = await render(short, tight, { resume });
  const first = runs.slice(before).filter(({ height }) => height === FIRST);
  expect(first, "for the last one").toHaveLength(1);
  const whole = await render(short, tight);
  for (const [i, result] of resumed.results.entries()) {
    const [given, wanted] = [result, whole.results[i]].map((each) => imageOf(each).image.data);
    expect(relativeDistance(given!, wanted!)).toBeLessThan(1e-6);
  }
});

test("memory that is not enough for one image is the task's error", async () => {
  const runs = fakeCard(() => false);
  const told: number[] = [];
  const onStopped = async (states: ReadonlyMap<number, unknown>) => void told.push(states.size);
  await expect(render(short, {}, { onStopped })).rejects.toThrow(OutOfMemoryError);
  expect(runs.map(({ images }) => images)).toEqual([5, 2, 1]);
  expect(told, "a failure leaves nothing to go on from").toEqual([]);
});

test("images that are to differ are not parted", async () => {
  let room = 5;
  const runs = fakeCard(({ images }) => images <= room);
  const { value } = kinked.target("conv3");
  const targets = [1, 2, 3, 4].flatMap((channel) =>
    [0, 1].map((index): Target => {
      const weights = new Map([[channel, 1]]);
      const aim = { kind: "channels", weights, place: null } as const;
      return { drawnAs: `${channel} ${index}`, aim, among: { index, images: 2, value, weight: 1 } };
    }),
  );
  const differing = { ...short, targets, channels: [1, 2, 3, 4, 5, 6, 7, 8] };
  await render(differing);
  expect([...new Set(runs.map(({ images }) => images))]).toEqual([8, 4]);
  room = 1;
  const before = runs.length;
  await expect(render(differing)).rejects.toThrow(OutOfMemoryError);
  expect(runs.slice(before).map(({ images }) => images)).toEqual([8, 4, 2]);
});
