import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, expect, test } from "vitest";

import {
  type LanesOptions,
  type PlacedResult,
  renderInLanes,
} from "../../../lib/optvis/ascent/lanes.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import type { AscentTask } from "../../../lib/optvis/ascent/task.ts";
import { OutOfMemoryError } from "../../../lib/optvis/runtime/errors.ts";
import type { GpuRefusal, GpuVerdict } from "../../../lib/optvis/runtime/gpu-verdict.ts";
import { promised } from "../../support/promised.ts";
import { ascentState } from "./ascent-state.ts";
import { kinked, taskOf } from "./engine-task.ts";

const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const task = taskOf(kinked, "conv3", { channels: CHANNELS });

const fit = (speedup: number): GpuVerdict => ({
  isFit: true,
  provider: "webgpu",
  speedup,
  drivers: [],
});
const UNFIT: GpuVerdict = { isFit: false, reason: "there is no adapter" };

type Render = LanesOptions["engine"]["render"];
type Hooks = Parameters<Render>[1];

/** Two threads; `before` is awaited before each call's images are there. */
function engineOf(before: (task: AscentTask, hooks: Hooks) => Promise<void>) {
  const calls: string[] = [];
  const render: Render = async (part, hooks) => {
    calls.push(`${part.provider} ${part.channels.join()}`);
    await before(part, hooks);
    for (const channel of part.channels) {
      await hooks.onChannel?.({ kind: "failed", channel, reason: "it is a test" });
    }
    return [];
  };
  const groupSize = (_: unknown, provider: string) => (provider === "cpu" ? 2 : 1);
  return { calls, engine: { render, groupSize, threads: 2 } };
}

/** Runs the task; who drew what, in order of channels. */
async function placesOf(
  { engine }: ReturnType<typeof engineOf>,
  gpu: Promise<GpuVerdict>,
  failures: GpuRefusal[] = [],
): Promise<readonly string[]> {
  const results: PlacedResult[] = [];
  await renderInLanes(
    task,
    { engine, gpu, onGpuFailure: (refusal) => void failures.push(refusal) },
    { onChannel: async (result) => void results.push(result) },
  );
  const sorted = results.toSorted((a, b) => a.channel - b.channel);
  expect(sorted.map(({ channel }) => channel)).toEqual(CHANNELS);
  return sorted.map(({ provider }) => provider);
}

const NO_IMAGE = { width: 0, height: 0, data: new Float32Array(0) };

const never = new Promise<GpuVerdict>(() => undefined);
const atOnce = () => Promise.resolve();

describe("images are drawn once each, whoever is there", () => {
  test("the CPU alone has what is left in one call as soon as it is known", async () => {
    const run = engineOf(atOnce);
    expect(new Set(await placesOf(run, Promise.resolve(UNFIT)))).toEqual(new Set(["cpu"]));
    expect(run.calls.length).toBeLessThan(3);
  });

  test("a gate that never answers keeps nothing waiting", async () => {
    expect(new Set(await placesOf(engineOf(atOnce), never))).toEqual(new Set(["cpu"]));
  });

  test("the CPU leaves to the GPU what that draws in the time of one of its own", async () => {
    // while the CPU draws one image on a thread, the GPU draws 2.5 x 2
    const gpuTurns = engineOf(({ provider }) =>
      provider === "cpu" ? new Promise((resolve) => setTimeout(resolve, 5)) : Promise.resolve(),
    );
    const places = await placesOf(gpuTurns, Promise.resolve(fit(2.5)));
    expect(places.slice(-5)).toEqual(Array(5).fill("webgpu"));
    // from the front
    expect(places.slice(0, 2)).toEqual(["cpu", "cpu"]);
  });

  test("a GPU much faster than the CPU draws alone", async () => {
    const run = engineOf(atOnce);
    // what the CPU takes before the gate has answered, it draws
    const [gate, answer] = promised<GpuVerdict>();
    const answered = engineOf(async () => {
      answer(fit(100));
      await nextTurn();
    });
    expect((await placesOf(answered, gate)).lastIndexOf("cpu")).toBe(1);
    // of a graph that it knows it has answered at once
    const places = await placesOf(run, Promise.resolve(fit(100)));
    expect(new Set(places)).toEqual(new Set(["webgpu"]));
  });

  test("what a failing GPU leaves is drawn on the CPU, with a line", async () => {
    const failing = async (problem: Error) => {
      const failures: GpuRefusal[] = [];
      let turns = 0;
      const run = engineOf(({ provider }) =>
        provider === "webgpu" && ++turns === 3 ? Promise.reject(problem) : Promise.resolve(),
      );
      const places = await placesOf(run, Promise.resolve(fit(100)), failures);
      expect(places.filter((place) => place === "webgpu")).toHaveLength(2);
      return failures;
    };
    expect(await failing(new Error("the device is lost"))).toEqual([
      { isFit: false, reason: "WebGPU failed: the device is lost" },
    ]);
    // others may have the card's memory for now
    expect(await failing(new OutOfMemoryError("there is no more"))).toEqual([
      { isFit: false, reason: "WebGPU failed: there is no more", isPassing: true },
    ]);
  });

  test.each(["onChannel", "onBegin", "frames"] as const)(
    "what %s cannot take is no failure of the GPU",
    async (hook) => {
      const failures: GpuRefusal[] = [];
      const full = () => Promise.reject(new Error("the disk is full"));
      const run = engineOf(async ({ provider }, hooks) => {
        if (provider === "cpu") return;
        await hooks.onBegin?.([12]);
        await hooks.frames?.take({ channel: 12, iteration: 0, image: NO_IMAGE });
      });
      const onGpuFailure = (refusal: GpuRefusal) => void failures.push(refusal);
      const rendering = renderInLanes(
        task,
        { engine: run.engine, gpu: Promise.resolve(fit(100)), onGpuFailure },
        {
          onBegin: hook === "onBegin" ? full : atOnce,
          frames: { count: 2, take: hook === "frames" ? full : atOnce },
          onChannel: ({ provider }) =>
            hook === "onChannel" && provider === "webgpu" ? full() : atOnce(),
        },
      );
      await expect(rendering).rejects.toThrow("the disk is full");
      expect(failures).toEqual([]);
    },
  );
});

test("what fails on the CPU too is the task's error", async () => {
  const run = engineOf(() => Promise.reject(new Error("the network takes no such image")));
  await expect(placesOf(run, Promise.resolve(fit(100)))).rejects.toThrow(
    "the network takes no such image",
  );
});

test("what was begun earlier is taken first where it was begun", async () => {
  const begun = (channel: number, provider?: "webgpu") =>
    ascentState(channel, { provider, seconds: 1, done: 1 });
  const resume = [begun(2, "webgpu"), begun(3, "webgpu"), begun(7), begun(8)];
  const resumed: Record<string, readonly AscentState[]> = {};
  const run = engineOf(async ({ provider }, hooks) => {
    resumed[provider] = hooks.resume ?? [];
  });
  await renderInLanes(
    task,
    { engine: run.engine, gpu: Promise.resolve(fit(1)), onGpuFailure: () => undefined },
    { resume },
  );
  const firstOf = (provider: string) => run.calls.find((call) => call.startsWith(provider));
  expect([firstOf("cpu"), firstOf("webgpu")]).toEqual(["cpu 7,8", "webgpu 3"]);
  // the engine tells which states are its own
  expect(resumed).toEqual({ cpu: resume, webgpu: resume });
});
