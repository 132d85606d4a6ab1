import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";

import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { OutOfTimeError } from "../../../lib/optvis/ascent/interruption.ts";
import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import type { AscentTask, FourierTask } from "../../../lib/optvis/ascent/task.ts";
import { planCrops } from "../../../lib/optvis/graph/transforms/crop-plan.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { bytesOf, fourierTaskOf, kinked, networkOf, SIZE, taskOf } from "./engine-task.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

const deepdream = taskOf(kinked, "conv3", { channels: [2, 5], iterations: 6 }, 3);
const photograph = {
  height: 18,
  width: 21,
  data: Float32Array.from({ length: 3 * 18 * 21 }, (_, i) => 90 * Math.sin(i * 0.7)),
};
const fourier = fourierTaskOf([2, 5], { recipe: { iterations: 18, totalVariation: 0.1 } });
const phases = fourierTaskOf([2, 5], {
  recipe: { iterations: 18, fixedMagnitude: 1.2, fadeTo: "white" },
});
const ellipses = fourierTaskOf([2, 5], {
  recipe: { iterations: 18, ellipses: 5, initialDeviation: 0.2 },
});

const cppn = fourierTaskOf([2, 5], {
  recipe: { iterations: 18, cppnLayers: 2, initialDeviation: 1, fadeTo: "grey" },
});

const weights = normal([2, 3, 3, 3], 2);
const meanOf = (channel: number) =>
  weights.data.subarray(27 * channel, 27 * channel + 27).reduce((sum, w) => sum + w, 0) / 27;
const means = [meanOf(0), meanOf(1)];
/** Of mid-grey its convolution makes zero, of which nothing gets through the rectifier. */
const silent = networkOf(
  [node("Conv", "image w b", "sums"), node("Relu", "sums", "y")],
  {
    w: { ...weights, data: weights.data.map((w, i) => w - means[Math.floor(i / 27)]!) },
    b: floatTensor([2], [-150, -100]),
  },
  SIZE,
);
const revived: FourierTask = {
  ...fourier,
  network: { ...silent.network, fingerprint: "silent at first" },
  layer: silent.target("y"),
  channels: [1, 2],
  recipe: { ...fourier.recipe, iterations: 40 },
};

const diverse: FourierTask = {
  ...revived,
  channels: [1, 2, 3],
  targets: [0, 1, 2].map((index) => ({
    drawnAs: `one of three, ${index}`,
    aim: { kind: "channels", weights: new Map([[1, 1]]), place: null },
    among: { index, images: 3, value: "sums", weight: 0.5 },
  })),
};

/** As after a way through a bucket: nothing of the first process is left. */
const stored = (states: readonly AscentState[]) => structuredClone(states);

/**
 * Renders in runs that each do so many stretches of work, and then have no time left; each goes on
 * from what the one before left.
 */
async function renderInParts(task: AscentTask, stretches: number) {
  const images = new Map<number, string>();
  const states = new Map<number, readonly AscentState[]>();
  let runs = 0;
  for (; images.size < task.channels.length; runs++) {
    const channels = task.channels.filter((channel) => !images.has(channel));
    let left = stretches;
    await engine
      .render(
        { ...task, channels },
        {
          resume: channels.flatMap((channel) => states.get(channel) ?? []),
          hasTime: () => left-- > 0,
          onStopped: async (stopped) => {
            for (const [channel, of] of stopped) states.set(channel, stored(of));
          },
          onChannel: async (result) => void images.set(result.channel, bytesOf(result)),
        },
      )
      .catch((error: unknown) => {
        if (!(error instanceof OutOfTimeError)) throw error;
      });
  }
  return { images: task.channels.map((channel) => images.get(channel)), runs };
}

describe("an ascent that is interrupted and goes on has the bytes of one that is not", () => {
  const crops = [{ size: SIZE, crops: planCrops(SIZE, { height: 12, width: 14 }, 2) }];
  test.each<[string, AscentTask]>([
    ["deepdream, three levels", deepdream],
    ["deepdream, moving crops", { ...deepdream, levels: crops, iterations: 12 }],
    [
      "deepdream from a photograph",
      { ...deepdream, start: { kind: "photograph", seed: 0, image: photograph } },
    ],
    ["fourier", fourier],
    ["fourier, phases alone, fading", phases],
    ["fourier, in ellipses", ellipses],
    ["fourier, by a CPPN", cppn],
    ["fourier, along the redirected gradient at first", revived],
    ["images that are to differ, along it at first", diverse],
  ])("%s", async (_, task) => {
    const whole = (await engine.render(task)).map(bytesOf);
    for (const stretches of [2, 3, 7]) {
      const { images, runs } = await renderInParts(task, stretches);
      expect(images).toEqual(whole);
      // the most is enough for one image, or for those that go together
      expect(runs).toBeGreaterThan(stretches === 7 ? 0 : 1);
    }
    // the checker: other states give other images
    const states: AscentState[] = [];
    let left = 3;
    const stopping = engine.render(task, {
      hasTime: () => left-- > 0,
      onStopped: async (stopped) => void states.push(...[...stopped.values()].flat()),
    });
    await expect(stopping).rejects.toThrow(OutOfTimeError);
    const [state] = stored(states);
    const [name = ""] = Object.keys(state!.parameters);
    state!.parameters[name]!.data[0]! += 1;
    const resumed = await engine.render(
      { ...task, channels: [state!.channel] },
      { resume: [state!] },
    );
    expect(whole).not.toContain(bytesOf(resumed[0]));
  });

  test("before its last look there is time for each window in which a wide image is looked at", async () => {
    const askedAtTheEnd = async (width: number) => {
      let nowMs = 0;
      // a second passes from call to call, on any machine
      const spy = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 1_000));
      onTestFinished(() => spy.mockRestore());
      const recipe = { iterations: 1, canvasSize: { width, height: SIZE.height } };
      const asked: number[] = [];
      const hasTime = (seconds: number) => asked.push(seconds) > 0;
      await engine.render(fourierTaskOf([2], { recipe }), { hasTime });
      return asked.at(-1)!;
    };
    const ofSquare = await askedAtTheEnd(SIZE.width);
    expect(ofSquare).toBeGreaterThan(0);
    expect((await askedAtTheEnd(3 * SIZE.width)) / ofSquare).toBeCloseTo(3, 5);
  });

  test("on the provider that it was begun on, and begins anew on another", async () => {
    const [whole] = await engine.render({ ...deepdream, channels: [2] });
    const states: AscentState[] = [];
    let left = 3;
    const stopping = engine.render(
      { ...deepdream, channels: [2] },
      {
        hasTime: () => left-- > 0,
        onStopped: async (stopped) => void states.push(...[...stopped.values()].flat()),
      },
    );
    await expect(stopping).rejects.toThrow(OutOfTimeError);
    const [state] = stored(states);
    expect(state).toMatchObject({ channel: 2, provider: "cpu" });
    state!.parameters["image"]!.data[0]! += 1;
    const resumed = async (provider: AscentState["provider"]) => {
      const resume = stored([{ ...state!, provider }]);
      const [result] = await engine.render({ ...deepdream, channels: [2] }, { resume });
      return bytesOf(result);
    };
    expect(await resumed("cuda")).toBe(bytesOf(whole));
    // the checker: a state of the CPU's is gone on with, and so is one that does not say
    expect(await resumed("cpu")).not.toBe(bytesOf(whole));
    expect(await resumed(undefined)).toBe(await resumed("cpu"));
  });

  test("a stop tells where the images under way are, and a failure tells nothing", async () => {
    const stop = new AbortController();
    const told: number[] = [];
    const onStopped = async (states: ReadonlyMap<number, unknown>) =>
      void told.push(...states.keys());
    const stopped = engine.render(deepdream, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error("the worker is taken away")),
      onStopped,
    });
    await expect(stopped).rejects.toThrow("taken away");
    expect(told).toContain(2);
    told.length = 0;
    const failing = engine.render(deepdream, {
      onBegin: async () => {
        throw new Error("a fault");
      },
      onStopped,
    });
    await expect(failing).rejects.toThrow("a fault");
    expect(told).toEqual([]);
  });
});
