import { describe, expect, test } from "vitest";

import { encodeModel } from "../../../lib/onnx/encode.ts";
import { gatedGraphs } from "../../../lib/optvis/ascent/gated-graphs.ts";
import type { AscentTask } from "../../../lib/optvis/ascent/task.ts";
import { graphOf } from "../../../lib/optvis/graph/graph-recipe.ts";
import { difference } from "../../../lib/optvis/runtime/difference.ts";
import { type Feeds, Session } from "../../../lib/optvis/runtime/session.ts";
import type { SessionGraph } from "../../../lib/optvis/runtime/session-graph.ts";
import { kinked, taskOf } from "./engine-task.ts";

const deepdream = taskOf(kinked, "conv3", { channels: [4, 2], iterations: 5 }, 2);

/** CUDA's graphs, too, run on the CPU. */
async function runOnCpu({ recipe }: SessionGraph, feeds: Feeds): Promise<Feeds> {
  const session = await Session.create(encodeModel(graphOf(recipe)), "cpu");
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

describe("the gate's graphs of a task", () => {
  test("are one for each stage, of one image where a GPU takes one at a time", async () => {
    const stages = gatedGraphs(deepdream, "webgpu");
    expect(stages).toHaveLength(2);
    for (const { gated } of stages) {
      const { feeds, copies } = await gated();
      expect(copies).toBe(1);
      expect(feeds.gpu).toBe(feeds.cpu);
    }
    expect(new Set(stages.map(({ key }) => key)).size).toBe(2);
  });

  test("are for CUDA those of its batches, whose first image is the CPU's", async () => {
    const [first] = gatedGraphs(deepdream, "cuda");
    const { graphs, feeds, copies } = await first!.gated();
    expect(copies).toBe(8);
    expect(feeds.cpu.first["image"]!.shape[0]).toBe(1);
    expect(feeds.gpu.first["image"]!.shape[0]).toBe(8);
    const wanted = await runOnCpu(graphs.cpu, feeds.cpu.first);
    const given = await runOnCpu(graphs.gpu, feeds.gpu.first);
    expect(difference(given, wanted, feeds.cpu.first, 1e-4)).toBeNull();
    // the checker: the image of another channel
    const other = await gatedGraphs({ ...deepdream, channels: [2] }, "cuda")[0]!.gated();
    const wrong = await runOnCpu(graphs.gpu, other.feeds.gpu.first);
    expect(difference(wrong, wanted, feeds.cpu.first, 1e-4)).toMatch(/^image_out is /);
  });

  test("are of fewer images where pixels are many, or the card has little room", () => {
    const batches = (task: AscentTask) =>
      gatedGraphs(task, "cuda").map(({ key }) => (JSON.parse(key) as number[][])[4]![0]);
    const ofSize = (height: number, width: number): AscentTask => ({
      ...deepdream,
      levels: [{ size: { height, width }, crops: null }],
    });
    expect(batches(ofSize(1024, 1000))).toEqual([4]);
    expect(batches(ofSize(2048, 2048))).toEqual([1]);
    expect(batches(ofSize(4096, 2048))).toEqual([1]);
    expect(batches({ ...deepdream, freeBytes: 1e6 })).toEqual([4, 2]);
  });
});
