import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { GraphBuilder } from "../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { SessionPool } from "../../../lib/optvis/runtime/session-pool.ts";
import type { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";

const graph = new GraphBuilder();
const doubled = graph.emit("Mul", [graph.input("x", "float32", [2]), graph.scalar(2)]);
const recipe = { kind: "graph", graph: graph.build("twice", [["y", doubled]]) } as const;
const twice = { key: "twice", provider: "cpu", recipe } as const;
const feeds = { x: floatTensor([2], [3, 5]) };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  return () => void vi.useRealTimers();
});

function poolOf(idleSeconds?: number): SessionPool {
  const pool = new SessionPool(1, idleSeconds);
  onTestFinished(() => pool.close());
  return pool;
}

/** Doubles two numbers. @returns who did it */
function used(pool: SessionPool): Promise<SessionWorker> {
  return pool.withWorker(twice.key, async (worker) => {
    expect([...(await worker.run(twice, feeds))["y"]!.data]).toEqual([6, 10]);
    return worker;
  });
}

test("workers that had nothing to do for so long end, and others take their place", async () => {
  const pool = poolOf(60);
  const first = await used(pool);
  vi.advanceTimersByTime(59_000);
  expect(await used(pool)).toBe(first);
  // the time counts anew
  vi.advanceTimersByTime(59_000);
  expect(first.isBroken).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(first.isBroken).toBe(true);
  expect(await used(pool)).not.toBe(first);
});

test("work is not idleness, however long it takes", async () => {
  const pool = poolOf(60);
  await used(pool);
  await pool.withWorker(twice.key, async (worker) => {
    vi.advanceTimersByTime(600_000);
    expect(worker.isBroken).toBe(false);
    expect([...(await worker.run(twice, feeds))["y"]!.data]).toEqual([6, 10]);
  });
});

test("where nothing is said they stay", async () => {
  const pool = poolOf();
  const first = await used(pool);
  vi.advanceTimersByTime(1e9);
  expect(await used(pool)).toBe(first);
});
