import { afterAll, describe, expect, test } from "vitest";

import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { CENTRE, type Target } from "../../../lib/optvis/ascent/target.ts";
import { joinedLayer } from "../../../lib/optvis/graph/joined-layer.ts";
import { selectionOf } from "../../../lib/optvis/ascent/targets.ts";
import { taskParts } from "../../../lib/optvis/ascent/task-parts.ts";
import type { AscentTask } from "../../../lib/optvis/ascent/task.ts";
import { type FloatTensor, floatTensor } from "../../../lib/onnx/tensor.ts";
import { normal } from "../../support/random.ts";
import { ascentState } from "./ascent-state.ts";
import { bytesOf, fourierTaskOf, imageOf, kinked, SIZE, taskOf } from "./engine-task.ts";

const engine = new AscentEngine({ threads: 2 });
afterAll(() => engine.close());

const channels = (weights: readonly (readonly [number, number])[], more: Partial<Target> = {}) => {
  const aim = { kind: "channels", weights: new Map(weights), place: null } as const;
  return { drawnAs: JSON.stringify(weights), aim, among: null, ...more } satisfies Target;
};

/** A task of the small network, all of its targets unless told which. */
function task(
  targets: readonly Target[],
  numbers: readonly number[] = targets.map((_, i) => i + 1),
): AscentTask {
  return { ...taskOf(kinked, "conv3", { channels: numbers }, 2), objective: "mean", targets };
}

/** Those of three of one target that differ. */
const three = [0, 1, 2].map((index) =>
  channels([[2, 1]], {
    drawnAs: `three, ${index}`,
    among: { index, images: 3, value: kinked.target("conv3").value, weight: 1 },
  }),
);
const mixed: readonly Target[] = [
  channels([
    [3, 1],
    [1, -0.5],
  ]),
  ...three,
  channels([[2, 1]], { aim: { kind: "channels", weights: new Map([[2, 1]]), place: CENTRE } }),
  { drawnAs: "layer", aim: { kind: "layer" }, among: null },
  {
    drawnAs: "direction",
    aim: {
      kind: "direction",
      vector: normal([kinked.target("conv3").channels], 3),
      cosinePower: 1,
    },
    among: null,
  },
  // channel 2 of conv3, and channel 1 of conv1
  channels(
    [
      [2, 1],
      [kinked.target("conv3").channels + 1, -0.5],
    ],
    { elsewhere: { layer: joinedLayer([kinked.target("conv3"), kinked.target("conv1")]) } },
  ),
];

test("channels are raised in what feeds the layer, all others in the layer itself", () => {
  const parts = taskParts({ ...task(mixed), raised: "fed" });
  const raised = parts.map(({ task: { layer, targets, channels: numbers } }) => {
    return numbers.map((number) => [targets![number - 1]!.aim.kind, layer.value]);
  });
  const { value } = kinked.target("conv3");
  const joined = mixed.at(-1)!.elsewhere!.layer.value;
  expect(new Set(raised.flat().map((each) => each.join(" ")))).toEqual(
    new Set(["channels fed", `channels ${joined}`, `layer ${value}`, `direction ${value}`]),
  );
});

test("a target that is one channel is that channel, byte for byte", async () => {
  const target = channels([[3, 1]], { drawnAs: 2 });
  const [asTarget] = await engine.render(task([target]));
  const [asChannel] = await engine.render({ ...task([], [3]), targets: null });
  expect(bytesOf(asTarget)).toBe(bytesOf(asChannel));
  const [weighted] = await engine.render(
    task([
      channels(
        [
          [3, 1],
          [1, -0.5],
        ],
        { drawnAs: 2 },
      ),
    ]),
  );
  expect(bytesOf(weighted)).not.toBe(bytesOf(asChannel));
});

test("targets of all kinds in one task: the same bytes in any order and grouping", async () => {
  const all = await engine.render(task(mixed));
  expect(all.map((result) => result.channel)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const together = all.map(bytesOf);
  expect(new Set(together).size).toBe(8);

  const seen: number[] = [];
  const some = await engine.render(task(mixed, [8, 7, 3, 1]), {
    onProgress: ({ channel }) => void seen.push(channel),
  });
  expect(some.map(bytesOf)).toEqual([7, 6, 2, 0].map((i) => together[i]));
  // of the three that depend on each other only the one that was asked for
  expect([...new Set(seen)].toSorted((a, b) => a - b)).toEqual([1, 3, 7, 8]);
  const reversed = await engine.render(task(mixed, [8, 7, 6, 5, 4, 3, 2, 1]));
  expect(reversed.map(bytesOf).toReversed()).toEqual(together);
});

test("a sum over layers begins with the sum of what each layer sees, and rises", async () => {
  const [deep, early] = ["conv3", "conv1"].map(kinked.target);
  const layer = joinedLayer([deep!, early!]);
  const sum = channels(
    [
      [2, 1],
      [deep!.channels + 3, -0.5],
    ],
    { elsewhere: { layer } },
  );
  const { data } = normal([3, SIZE.height, SIZE.width], 5);
  const start = { kind: "given", images: [{ ...SIZE, data }] } as const;
  const drawn = async (name: string, channel: number, targets: readonly Target[] | null) => {
    const more = { channels: [channel], targets, start, iterations: 8 };
    const [result] = await engine.render(taskOf(kinked, name, more));
    return imageOf(result).trace.map(({ activation }) => activation);
  };
  const together = await drawn("conv3", 1, [sum]);
  const [[ofDeep], [ofEarly]] = [await drawn("conv3", 2, null), await drawn("conv1", 3, null)];
  expect(together[0]).toBeCloseTo(ofDeep! - 0.5 * ofEarly!, 4);
  expect(together.at(-1)).toBeGreaterThan(together[0]!);
  const [fourier] = await engine.render(fourierTaskOf([1], { targets: [sum] }));
  const { trace } = imageOf(fourier);
  expect(trace.at(-1)!.activation).toBeGreaterThan(trace[0]!.activation);
});

/** The mean cosine of every two of three images, each less its own mean. */
function likeness(images: readonly Float32Array[]): number {
  const drawn = images.map((pixels) => {
    const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
    const centred = pixels.map((value) => value - mean);
    const length = Math.hypot(...centred);
    return centred.map((value) => value / length);
  });
  const cosine = (one: Float32Array, other: Float32Array) =>
    one.reduce((sum, value, i) => sum + value * other[i]!, 0);
  const [a, b, c] = drawn as [Float32Array, Float32Array, Float32Array];
  return (cosine(a, b) + cosine(a, c) + cosine(b, c)) / 3;
}

test("a target that points along zeros fails with that reason, and others go on", async () => {
  const along = (vector: FloatTensor, cosinePower: number): Target => {
    return { drawnAs: "along", aim: { kind: "direction", vector, cosinePower }, among: null };
  };
  const count = kinked.target("conv3").channels;
  const none = floatTensor([count], new Float32Array(count));
  const targets = [along(none, 1), along(normal([count], 3), 1), along(none, 0)];
  const failed = (channel: number) => ({
    kind: "failed",
    channel,
    reason: expect.stringMatching(/^the layer makes nothing but zeros of the target's image/),
  });
  const wanted = [failed(1), expect.objectContaining({ kind: "image" }), failed(3)];
  expect(await engine.render(task(targets))).toEqual(wanted);
  expect(await engine.render(fourierTaskOf([1, 2, 3], { targets }))).toEqual(wanted);
});

test("images of one target differ more with diversity than without", async () => {
  const alone = three.map((target) => ({ ...target, among: null }));
  const drawn = async (targets: readonly Target[]) => {
    const images = (await engine.render(task(targets))).map((result) => imageOf(result));
    const activations = images.map(({ trace }) => trace.at(-1)!.activation);
    return { alike: likeness(images.map(({ image }) => image.data)), activations };
  };
  const [apart, together] = [await drawn(three), await drawn(alone)];
  expect(apart.alike).toBeLessThan(together.alike / 2);
  // what they give up for it is activation
  apart.activations.forEach((activation, i) =>
    expect(activation).toBeLessThan(together.activations[i]!),
  );
});

describe("selection", () => {
  const rowsOf = (targets: readonly Target[], shape: readonly number[], more = {}) => {
    const states = targets.map((_, i) => ascentState(i + 1));
    return selectionOf(states, { ...task(targets), ...more }, () => shape);
  };
  const count = kinked.target("conv3").channels;

  test("contrast takes of each joined layer its own share off", () => {
    const layer = joinedLayer([
      { value: "", name: "", channels: 2 },
      { value: "", name: "", channels: 4 },
    ]);
    const target = channels([[3, 1]], { elsewhere: { layer } });
    const fourier = fourierTaskOf([1], { layer, targets: [target], recipe: { contrast: 0.5 } });
    const { data } = selectionOf([ascentState(1)], fourier, () => []);
    expect([...data]).toEqual([-0.25, -0.25, 1 - 0.125, -0.125, -0.125, -0.125]);
  });

  test("a direction is resized along each axis that a map has", () => {
    // 1, 2 and 3, 4 along the axis after the channels; the same in all other places
    const vector = floatTensor(
      [2, 2, 3, 1],
      [1, 2, 3, 4].flatMap((value) => [value, value, value]),
    );
    const target: Target = {
      drawnAs: 1,
      aim: { kind: "direction", vector, cosinePower: 0 },
      among: null,
    };
    const objective = { kind: "direction", cosinePower: 0 } as const;
    const { data } = rowsOf([target], [2, 4, 1, 2], { objective });
    // pixel centres, edges clamped: 1, 1.25, 1.75, 2
    const wanted = [1, 1.25, 1.75, 2, 3, 3.25, 3.75, 4].flatMap((value) => [value, value]);
    expect([...data]).toEqual(wanted);
  });

  test("a place is a share of the map, whatever its size", () => {
    const place = (x: number, y: number) =>
      channels([], {
        aim: { kind: "channels", weights: new Map([[2, 3]]), place: [x, y] },
      });
    const targets = [place(0.5, 0.5), place(0.9, 0.1), place(1, 1)];
    for (const [height, width, wanted] of [
      [3, 5, [7, 4, 14]],
      [4, 6, [15, 5, 23]],
    ] as const) {
      const { data } = rowsOf(targets, [count, height, width], { objective: "neuron" });
      const size = count * height * width;
      wanted.forEach((at, i) => {
        const row = data.subarray(i * size, (i + 1) * size);
        expect(row.indexOf(3)).toBe(height * width + at);
        expect(row.filter((value) => value !== 0)).toHaveLength(1);
      });
    }
  });

  test("a direction is repeated over the map, or resized to it", () => {
    const vector = floatTensor(
      [count],
      Array.from({ length: count }, (_, c) => c + 1),
    );
    const map = floatTensor(
      [count, 1, 2],
      Array.from({ length: 2 * count }, (_, i) => i),
    );
    const aimed = [vector, map].map((each): Target => {
      return { drawnAs: "", aim: { kind: "direction", vector: each, cosinePower: 0 }, among: null };
    });
    const objective = { kind: "direction", cosinePower: 0 };
    const { data, shape } = rowsOf(aimed, [count, 1, 4], { objective });
    expect(shape).toEqual([2, count, 1, 4]);
    expect([...data.subarray(0, 8)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    // pixel centres: a quarter, and three quarters, of the way between the two
    expect([...data.subarray(4 * count, 4 * count + 4)]).toEqual([0, 0.25, 0.75, 1]);
  });
});
