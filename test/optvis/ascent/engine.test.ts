import { setImmediate as nextTurn } from "node:timers/promises";

import { afterAll, describe, expect, test } from "vitest";

import type { Planes } from "../../../lib/image/raster.ts";
import { resizeBilinear } from "../../../lib/image/resize.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import type { AscentResult, DeepDreamTask } from "../../../lib/optvis/ascent/task.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { standardNormal, uniformFrom } from "../../../lib/optvis/random.ts";
import { planCrops } from "../../../lib/optvis/graph/transforms/crop-plan.ts";
import { MAX_SEED } from "../../../lib/pipeline/limits.ts";
import { node } from "../../support/onnx-writer.ts";
import { promised } from "../../support/promised.ts";
import { normal } from "../../support/random.ts";
import { bytesOf, imageOf, kinked, networkOf, SIZE, taskOf } from "./engine-task.ts";
import { relativeDistance } from "../fixtures.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

describe("the same bytes for a channel, whatever runs beside it", () => {
  const movingCrops = [
    { size: SIZE, crops: planCrops(SIZE, { height: 12, width: 14 }, 2) },
    { size: { height: 25, width: 29 }, crops: null },
  ];
  test.each([
    ["whole images", taskOf(kinked, "conv3", { channels: [1, 2, 3, 4, 5] }, 2)],
    [
      "moving crops",
      taskOf(kinked, "conv3", { channels: [1, 2, 3, 4, 5], levels: movingCrops, iterations: 4 }),
    ],
  ])("%s", async (_, task) => {
    const together = (await engine.render(task)).map(bytesOf);
    expect(new Set(together).size).toBe(5);

    const reversed = await engine.render({ ...task, channels: task.channels.toReversed() });
    expect(reversed.map(bytesOf).toReversed()).toEqual(together);

    const one = new AscentEngine({ threads: 1 });
    const groups = [
      await one.render({ ...task, channels: [4, 2] }),
      await one.render({ ...task, channels: [5] }),
    ];
    await one.close();
    expect(groups.flat().map(bytesOf)).toEqual([together[3], together[1], together[4]]);

    const atOnce = await Promise.all(
      [
        [1, 3],
        [5, 2],
      ].map((channels) => engine.render({ ...task, channels })),
    );
    expect(atOnce.flat().map(bytesOf)).toEqual(
      [1, 3, 5, 2].map((channel) => together[channel - 1]),
    );

    const otherSeed = await engine.render({ ...task, start: { kind: "noise", seed: 1 } });
    expect(otherSeed.map(bytesOf)).not.toEqual(together);
  });
});

describe("a start without any gradient", () => {
  /** A mean of grey, so that the start is the noise alone. */
  const GREY = [120, 130, 125];
  const [height, width] = [4, 5];
  const pixels = 3 * height * width;
  /** One channel per bias: alive where <w, image> > bias, which noise is with known odds. */
  const biases = [-0.5, 0, 0.6, 1000];
  const weights = normal([biases.length, 3, height, width], 4);
  const small = networkOf(
    [node("Conv", "image w b", "sums"), node("Relu", "sums", "y")],
    {
      w: weights,
      b: floatTensor(
        [biases.length],
        biases.map((bias) => -bias * Math.sqrt(pixels)),
      ),
    },
    { height, width },
  );
  const network = { ...small, network: { ...small.network, mean: GREY } };
  const task = (seed: number, channels: readonly number[]): DeepDreamTask =>
    taskOf(network, "y", { channels, start: { kind: "noise", seed } });

  /** How many seeds it takes, by the noise and the weights alone. */
  function wantedRestarts(seed: number, channel: number): number {
    const place = channel - 1;
    const isAlive = (restarts: number) => {
      const key = ["noise", seed + restarts, network.network.fingerprint, "y", place, 1] as const;
      const noise = standardNormal(pixels, uniformFrom(...key));
      const own = weights.data.subarray(place * pixels, (place + 1) * pixels);
      const sum = own.reduce((total, weight, i) => total + weight * noise[i]!, 0);
      return sum > biases[place]! * Math.sqrt(pixels);
    };
    return Array.from({ length: 20 }, (_, k) => k).find(isAlive)!;
  }

  test("is followed by one from the next seed, and so on; how often is recorded", async () => {
    const seen = new Set<number>();
    for (const seed of [0, 100, 200]) {
      for (const result of await engine.render(task(seed, [1, 2, 3]))) {
        const wanted = wantedRestarts(seed, result.channel);
        const { restarts, trace } = imageOf(result);
        expect(restarts).toBe(wanted);
        expect(trace.map(({ iteration }) => iteration)).toEqual([1, 2, 3]);
        expect(trace[0]!.activation).toBeGreaterThan(0);
        const [direct] = await engine.render(task(seed + restarts, [result.channel]));
        expect(bytesOf(result)).toBe(bytesOf(direct));
        seen.add(restarts);
      }
    }
    expect(seen.size, "both kinds of start occur").toBeGreaterThan(1);
  });

  test("is followed by the next seed's shifts of the crops, too", async () => {
    const seen = { height: 17, width: 18 };
    const size = { height: 25, width: 24 };
    const values = 3 * seen.height * seen.width;
    const w = normal([2, 3, seen.height, seen.width], 5);
    const bias = floatTensor([2], [-1.2 * Math.sqrt(values), 0]);
    const nodes = [node("Conv", "image w b", "sums"), node("Relu", "sums", "y")];
    const made = networkOf(nodes, { w, b: bias }, seen);
    const rare = { ...made, network: { ...made.network, mean: GREY } };
    const levels = [
      { size, crops: planCrops(size, seen, 3) },
      { size: { height: 27, width: 30 }, crops: planCrops({ height: 27, width: 30 }, seen, 3) },
    ];
    const drawn = async (seed: number) => {
      const start = { kind: "noise", seed } as const;
      const [result] = await engine.render(taskOf(rare, "y", { channels: [1], levels, start }));
      return imageOf(result);
    };
    const again = [];
    for (const seed of [MAX_SEED, 1, 20, 40, 60, 80]) {
      const image = await drawn(seed);
      if (image.restarts === 0) continue;
      again.push(seed);
      const direct = await drawn((seed + image.restarts) % (MAX_SEED + 1));
      expect(bytesOf(image)).toBe(bytesOf(direct));
    }
    expect(again[0]).toBe(MAX_SEED);
    expect(again.length).toBeGreaterThan(1);
  });

  test("is given up after seventeen, with a reason; the other channels go on", async () => {
    const ended: AscentResult[] = [];
    const returned = await engine.render(task(0, [1, 4]), {
      onChannel: async (result) => void ended.push(result),
    });
    expect(returned, "told is not kept").toEqual([]);
    const [alive, dead] = ended.toSorted((a, b) => a.channel - b.channel);
    expect(alive!.kind).toBe("image");
    expect(dead).toEqual({
      kind: "failed",
      channel: 4,
      reason:
        "the gradient is zero everywhere, or its squares too small for float32, for 17 starting images, where the activation is 0; the channel may be dead, saturated, or as high as it can be",
    });
    expect(ended).toHaveLength(2);
  });

  test("is final where the images are given", async () => {
    const images: Planes[] = [{ height, width, data: new Float32Array(pixels) }];
    const [dead] = await engine.render({ ...task(0, [4]), start: { kind: "given", images } });
    expect(dead).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(
        /zero everywhere, .* for the starting image, .*, or the image too even to begin with$/,
      ),
    });
  });

  test("is one, too, whose gradient is small beyond its squares", async () => {
    const weak = floatTensor(
      [2, 3, 3, 3],
      normal([2, 3, 3, 3], 5).data.map((weight, i) => weight * (i < 27 ? 1e-25 : 1e-18)),
    );
    const made = networkOf([node("Conv", "image w", "y")], { w: weak }, { height: 4, width: 6 });
    const [first, second] = await engine.render(taskOf(made, "y", { channels: [1, 2] }));
    expect(first).toMatchObject({ reason: expect.stringContaining("squares too small") });
    expect(second).toMatchObject({ kind: "image" });
  });
});

test.each([
  { layer: "a convolution", nodes: [node("Conv", "image w", "y", { pads: [1, 1, 1, 1] })], at: 27 },
  {
    layer: "a classifier",
    nodes: [node("Flatten", "image", "flat"), node("Gemm", "flat w", "y", { transB: 1 })],
    at: 126,
  },
])("a channel of $layer that overflows fails alone", async ({ nodes, at }) => {
  const shape = at === 27 ? [3, 3, 3, 3] : [3, 126];
  const weights = normal(shape, 9);
  weights.data.fill(3e38, at, 2 * at);
  const network = networkOf(nodes, { w: weights }, { height: 6, width: 7 });
  const results = await engine.render(taskOf(network, "y", { channels: [1, 2, 3] }));
  expect(results.map(({ kind }) => kind)).toEqual(["image", "failed", "image"]);
  expect(results[1]).toMatchObject({ reason: "non-finite activation at level 1, iteration 1" });
  for (const result of [results[0], results[2]]) {
    expect(imageOf(result).image.data.every(Number.isFinite)).toBe(true);
  }
});

test("an abort ends the run after the chunks under way, with its reason, and the engine goes on", async () => {
  const controller = new AbortController();
  const endless = taskOf(kinked, "conv3", { channels: [1, 2, 3], iterations: 1_000_000 });
  let chunksAfter = 0;
  const run = engine.render(endless, {
    signal: controller.signal,
    onProgress: ({ iteration }) => {
      if (controller.signal.aborted) chunksAfter++;
      else if (iteration >= 20) controller.abort(new Error("enough"));
    },
  });
  await expect(run).rejects.toThrow("enough");
  expect(chunksAfter, "that of the other worker").toBeLessThanOrEqual(1);
  const [after] = await engine.render({ ...endless, channels: [2], iterations: 1 });
  expect(after!.kind).toBe("image");
});

test("once a run has failed no further image is begun", async () => {
  const begun: number[] = [];
  const [bothEnded, endBoth] = promised();
  const [fault, tellFault] = promised();
  let ended = 0;
  const run = engine.render(taskOf(kinked, "conv3", { channels: [1, 2, 3, 4, 5] }), {
    onBegin: async ([channel]) => {
      begun.push(channel!);
      if (channel !== 3) return;
      tellFault();
      throw new Error("a fault");
    },
    onChannel: async () => {
      ended++;
      if (ended === 2) endBoth();
      // one worker goes on to the third image, the other only after its fault
      await (ended === 1 ? bothEnded : fault);
      await nextTurn();
    },
  });
  await expect(run).rejects.toThrow("a fault");
  expect(begun.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
});

test("a photograph keeps its own detail from level to level; only what was added is resized", async () => {
  const image: Planes = { ...SIZE, data: normal([3, 18, 21], 11).data.map((x) => 40 * x) };
  const task = taskOf(kinked, "conv3", { channels: [5] }, 3);
  const rendered = imageOf(
    (await engine.render({ ...task, start: { kind: "photograph", seed: 0, image } }))[0],
  );

  const resized = (planes: Planes, size: { height: number; width: number }): Planes => ({
    ...size,
    data: resizeBilinear(planes.data, [3, planes.height, planes.width], size),
  });
  const combined = (a: Planes, b: Planes, sign: 1 | -1): Planes => ({
    ...a,
    data: a.data.map((value, i) => value + sign * b.data[i]!),
  });
  /** deepdream's own way, one level at a time. */
  let [own, blurred] = [image, image];
  for (const [k, level] of task.levels.entries()) {
    const render = async (start: Planes) => {
      const given = { kind: "given", images: [start] } as const;
      return imageOf((await engine.render({ ...task, levels: [level], start: given }))[0]).image;
    };
    const { size } = level;
    const before = resized(image, task.levels[Math.max(k - 1, 0)]!.size);
    const detail = combined(own, before, -1);
    own = await render(k === 0 ? image : combined(resized(image, size), resized(detail, size), 1));
    blurred = await render(k === 0 ? image : resized(blurred, size));
  }
  expect(relativeDistance(rendered.image.data, own.data)).toBeLessThan(1e-6);
  expect(relativeDistance(rendered.image.data, blurred.data)).toBeGreaterThan(1e-2);
});

test("closed in the middle of a run, the run ends with an error and the engine starts anew", async () => {
  const own = new AscentEngine({ threads: 2 });
  const endless = taskOf(kinked, "conv3", { channels: [1, 2, 3], iterations: 1_000_000 });
  const run = own.render(endless, {
    onProgress: ({ iteration }) => {
      if (iteration === 1) void own.close();
    },
  });
  await expect(run).rejects.toThrow("the worker is closed");
  const [after] = await own.render({ ...endless, channels: [2], iterations: 1 });
  expect(after!.kind).toBe("image");
  await own.close();
});
