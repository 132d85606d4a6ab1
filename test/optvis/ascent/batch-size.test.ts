import { describe, expect, test } from "vitest";

import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { batchSize } from "../../../lib/optvis/ascent/batch-size.ts";
import type { DeepDreamTask } from "../../../lib/optvis/ascent/task.ts";
import type { Diversity } from "../../../lib/optvis/graph/objective/diversity.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { networkOf, taskOf } from "./engine-task.ts";

const [HEIGHT, WIDTH] = [8, 6];

/** Its pictures lose the axis of the batch on their way, so that there can be one alone. */
const single = networkOf(
  [
    node("Conv", "image w", "patches", { strides: [2, 2] }),
    node("Squeeze", "patches first", "picture"),
    node("Unsqueeze", "picture first", "again"),
    node("Conv", "again v", "y"),
  ],
  { w: normal([5, 3, 2, 2], 1), first: intsTensor([0]), v: normal([4, 5, 1, 1], 2) },
  { height: HEIGHT, width: WIDTH },
);

test.each([
  { provider: "cuda", layer: "patches", count: 7, wanted: 7 },
  { provider: "cuda", layer: "patches", count: 70, wanted: 32 },
  { provider: "cuda", layer: "y", count: 7, wanted: 1 },
  { provider: "cpu", layer: "patches", count: 7, wanted: 1 },
] as const)("$count images of $layer on $provider: $wanted at once", (each) => {
  const { provider, layer, count, wanted } = each;
  const task = taskOf(single, layer, { channels: [1], provider });
  const { size } = task.levels[0]!;
  const { batch, notice } = batchSize(task, { seen: size, canvas: size }, count);
  expect(batch).toBe(wanted);
  const told = /^the network takes one image at a time, not 7: Squeeze 'picture'/;
  expect(told.test(notice ?? "")).toBe(layer === "y");
});

describe("as many images as fit half of what the card has free", () => {
  // 5 maps of 4 x 3 pixels, there and back, and ten pictures of 3 planes of 8 x 6
  const imageBytes = 4 * (2 * 5 * 4 * 3 + 10 * 3 * HEIGHT * WIDTH);
  const fitting = (images: number) => 2 * images * imageBytes;
  /** Of `count` images, with memory for `images` at once. */
  const at = (images: number, count: number, more: Partial<DeepDreamTask> = {}) => {
    const freeBytes = fitting(images);
    const common = { channels: [1], provider: "cuda", freeBytes } as const;
    const task = taskOf(single, "patches", { ...common, ...more });
    const { size } = task.levels[0]!;
    return batchSize(task, { seen: size, canvas: size }, count);
  };

  test.each([
    [32, 70, 32],
    [31.9, 70, 16],
    [16, 70, 16],
    [15, 70, 8],
    [8.1, 6, 6],
    [7.9, 6, 4],
    [2, 70, 2],
    [1, 70, 1],
    // at least one is tried
    [0, 70, 1],
    [1e9, 70, 32],
  ])("memory for %d, of %d images: %d", (images, count, wanted) => {
    const { batch, notice } = at(images, count);
    expect(batch).toBe(wanted);
    expect(notice === null).toBe(wanted === Math.min(32, count));
  });

  test("a sentence says what is free and how many that is", () => {
    expect(at(8, 70).notice).toMatch(
      /^the graphics card has 0\.0 GB free, enough for 8 images at a time$/,
    );
    expect(at(1, 70).notice).toMatch(/enough for one image at a time$/);
  });

  test("images that are to differ stay together", () => {
    const diversity: Diversity = { images: 3, value: "patches", weight: 1 };
    expect(at(31, 70, { diversity }).batch).toBe(24);
    expect(at(12, 70, { diversity }).batch).toBe(12);
    expect(at(2, 70, { diversity }).batch).toBe(3);
    // of 32 ten groups
    expect(at(1e9, 70, { diversity }).batch).toBe(30);
  });

  test("a large image counts, though the network sees but a part of it", () => {
    const task = taskOf(single, "patches", {
      channels: [1],
      provider: "cuda",
      freeBytes: fitting(32),
    });
    const { size: seen } = task.levels[0]!;
    const canvas = { height: 4 * HEIGHT, width: 4 * WIDTH };
    expect(batchSize(task, { seen, canvas }, 70).batch).toBe(2);
  });

  test("on the CPU and WebGPU nothing changes", () => {
    for (const provider of ["cpu", "webgpu"] as const) {
      expect(at(16, 70, { provider })).toEqual({ batch: 1, notice: null });
    }
  });
});
