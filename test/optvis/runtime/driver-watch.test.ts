import { execFileSync, spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Worker } from "node:worker_threads";

import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";

import type { Provider } from "../../../lib/autodiff/provider.ts";
import { DriverWatch } from "../../../lib/optvis/runtime/driver-watch.ts";
import { DriverHangError } from "../../../lib/optvis/runtime/errors.ts";
import type { SessionGraph } from "../../../lib/optvis/runtime/session-graph.ts";
import { SessionPool } from "../../../lib/optvis/runtime/session-pool.ts";
import { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";
import { bundledScript } from "../../support/bundled-script.ts";

const graphOn = (provider: Provider, key = "a"): SessionGraph => ({
  key,
  provider,
  recipe: { kind: "graph", graph: { nodes: [] } as never },
});

/** A thread that answers when the test says so. */
class FakeThread extends EventEmitter {
  isKept = false;
  isEnded = false;
  readonly postMessage = () => undefined;
  readonly ref = () => void (this.isKept = true);
  readonly unref = () => void (this.isKept = false);
  readonly terminate = () => {
    this.isEnded = true;
    return Promise.resolve(0);
  };

  answer(): void {
    this.emit("message", { kind: "done", outputs: {}, released: [] });
  }
}

function workerOf(thread = new FakeThread()) {
  const start = () => thread as unknown as Worker;
  const watch = new DriverWatch({ leastSeconds: 100, factor: 20 });
  const worker = new SessionWorker({ start, watch });
  // or the process of the tests would end without it
  onTestFinished(() => {
    if (worker.hang) thread.answer();
  });
  return { thread, worker };
}

/** What has come of a promise so far. */
function outcomeOf(work: Promise<unknown>) {
  const seen = { ended: "not yet" };
  work.then(
    () => (seen.ended = "done"),
    (error: Error) => (seen.ended = `${error.name}: ${error.message}`),
  );
  return seen;
}

const HANG = (seconds: number) =>
  `DriverHangError: the driver of WebGPU has not answered in ${seconds} s`;

describe("with a clock of the test's own", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    return () => void vi.useRealTimers();
  });

  /** Compiles a graph and runs it. @returns what comes of the run */
  async function begun({ thread, worker }: ReturnType<typeof workerOf>, graph: SessionGraph) {
    const seen = outcomeOf(worker.run(graph, {}));
    if (!worker.has(graph.key)) throw new Error("it is being compiled");
    thread.answer();
    await vi.advanceTimersByTimeAsync(0);
    return seen;
  }

  test("a first run is given up after the least that every driver has", async () => {
    const own = workerOf();
    const seen = await begun(own, graphOn("webgpu"));
    await vi.advanceTimersByTimeAsync(99_000);
    expect(seen.ended).toBe("not yet");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen.ended).toBe(HANG(100));
    expect(own.worker.isBroken).toBe(true);
    await expect(own.worker.run(graphOn("webgpu"), {})).rejects.toThrow(DriverHangError);
  });

  test("so is a graph that does not come to be compiled", async () => {
    const { worker } = workerOf();
    const seen = outcomeOf(worker.compile(graphOn("webgpu")));
    await vi.advanceTimersByTimeAsync(100_000);
    expect(seen.ended).toBe(HANG(100));
  });

  test("a graph that once took long has twenty times as long, and no other graph has", async () => {
    const own = workerOf();
    const first = await begun(own, graphOn("webgpu"));
    await vi.advanceTimersByTimeAsync(30_000);
    own.thread.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(first.ended).toBe("done");

    const again = outcomeOf(own.worker.run(graphOn("webgpu"), {}));
    await vi.advanceTimersByTimeAsync(599_000);
    expect(again.ended).toBe("not yet");
    own.thread.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(again.ended).toBe("done");

    const other = await begun(own, graphOn("webgpu", "b"));
    await vi.advanceTimersByTimeAsync(100_000);
    expect(other.ended).toBe(HANG(100));
  });

  test("each of two that were asked for at once has its own time", async () => {
    const own = workerOf();
    const runs = ["a", "b"].map((key) => outcomeOf(own.worker.compile(graphOn("webgpu", key))));
    await vi.advanceTimersByTimeAsync(99_000);
    own.thread.answer();
    await vi.advanceTimersByTimeAsync(99_000);
    expect(runs.map(({ ended }) => ended)).toEqual(["done", "not yet"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(runs[1]!.ended).toBe(HANG(100));
  });

  test("the CPU may take as long as it likes", async () => {
    const own = workerOf();
    const seen = await begun(own, graphOn("cpu"));
    await vi.advanceTimersByTimeAsync(1e9);
    expect(seen.ended).toBe("not yet");
    own.thread.answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(seen.ended).toBe("done");
  });

  test("a worker whose driver hangs closes without its thread, which ends if it comes back", async () => {
    const own = workerOf();
    const before = process.listenerCount("exit");
    const seen = await begun(own, graphOn("webgpu"));
    const closing = outcomeOf(own.worker.close());
    await vi.advanceTimersByTimeAsync(99_000);
    // for all that is known it is at work
    expect(closing.ended).toBe("not yet");
    expect(own.thread.isKept).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([closing.ended, seen.ended]).toEqual(["done", HANG(100)]);
    expect([own.thread.isKept, own.thread.isEnded]).toEqual([false, false]);
    expect(process.listenerCount("exit")).toBe(before + 1);
    own.thread.answer();
    expect(own.thread.isEnded).toBe(true);
    expect(process.listenerCount("exit")).toBe(before);
  });

  test("no other thread is started beside one that hangs, and who waits is told", async () => {
    const threads: FakeThread[] = [];
    const pool = new SessionPool(1, Infinity, () => {
      const { thread, worker } = workerOf();
      threads.push(thread);
      return worker;
    });
    const work = () =>
      outcomeOf(pool.withWorker("a", (worker) => worker.compile(graphOn("webgpu"))));
    const [first, waiting] = [work(), work()];
    await vi.advanceTimersByTimeAsync(100_000);
    const after = work();
    await vi.advanceTimersByTimeAsync(0);
    expect([first, waiting, after].map(({ ended }) => ended)).toEqual([
      HANG(100),
      HANG(100),
      HANG(100),
    ]);
    expect(threads).toHaveLength(1);
  });
});

test("a process that was stopped for long has not waited for so long", () => {
  // its timers are late, and all that were due come as one
  const strokes: (() => void)[] = [];
  const timer = vi.spyOn(globalThis, "setInterval").mockImplementation((stroke) => {
    strokes.push(stroke);
    return { unref: () => 0 } as never;
  });
  onTestFinished(() => {
    timer.mockRestore();
  });
  const hangs: DriverHangError[] = [];
  new DriverWatch({ leastSeconds: 100, factor: 20 }).begin(graphOn("cuda"), (error) => {
    hangs.push(error);
  });
  expect(strokes).toHaveLength(1);
  strokes[0]!();
  expect(hangs).toEqual([]);
  for (let i = 1; i < 20; i++) strokes[0]!();
  expect(hangs.map(({ message }) => message)).toEqual([
    "the driver of CUDA has not answered in 100 s",
  ]);
});

describe("a process with a thread that hangs in native code", () => {
  const folder = mkdtempSync(join(tmpdir(), "dreamgrid-hang-"));
  const pipe = join(folder, "pipe");
  const thread = resolve("test/optvis/runtime/hanging-driver.mjs");
  let script = "";
  beforeAll(async () => {
    execFileSync("mkfifo", [pipe]);
    script = await bundledScript("test/optvis/runtime/hanging-process.ts", folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["by itself", 5, null],
    ["at process.exit", 6, null],
    // the exit code is lost, but the process is not kept
    ["where a library's end waits for it too", null, "SIGKILL"],
  ])("ends %s", (how, status, signal) => {
    const ended = spawnSync(process.execPath, [script, how, thread, pipe], { encoding: "utf8" });
    expect(ended).toMatchObject({ status, signal, stderr: "" });
    expect(ended.stdout).toMatch(/^DriverHangError: the driver of WebGPU has not answered in /);
  });
});
