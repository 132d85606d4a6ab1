import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { runLoop } from "../../../functions/gpu-worker/loop.ts";
import { parseProvider, runWorker } from "../../../functions/gpu-worker/worker.ts";
import { PROVIDER_CHECKS } from "../../../lib/optvis/runtime/check-provider.ts";
import type { ChannelJob } from "../../../lib/pipeline/job/messages.ts";
import { channelMessage } from "../../../lib/pipeline/job/messages.ts";
import { MAX_ATTEMPTS } from "../../../lib/pipeline/limits.ts";
import type { Renderer } from "../../../lib/pipeline/render/renderer.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { type MemoryPipeline, memoryPipeline } from "../../support/memory-pipeline.ts";
import { silentLog } from "../../support/silent-log.ts";
import { ScriptedQueue } from "../../support/scripted-queue.ts";

let folder: string;
let pipeline: MemoryPipeline;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpu-worker-"));
  pipeline = await memoryPipeline({ folder, wideChannels: 60 });
  stop = new AbortController();
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

function queueOf(jobs: readonly ChannelJob[]): ScriptedQueue {
  return new ScriptedQueue(
    jobs.map((job) => channelMessage(job).body),
    () => stop.abort(),
  );
}

/** Leaves each channel one attempt. */
async function spendAttempts(jobId: string, channels: readonly number[]): Promise<void> {
  const job = pipeline.jobs.open(jobId);
  for (const channel of channels) await job.images.writeAttempts(channel, MAX_ATTEMPTS - 1);
}

const channelsOf = (jobId: string, channels: readonly number[]) =>
  channels.map((channel) => ({ jobId, channel }));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const handles = (numbers: readonly number[]) => numbers.map((number) => `h${number}`);

function workerDeps(receiver: ScriptedQueue, renderer: Renderer) {
  const deps = { ...pipeline.renderDeps(renderer), receiver, log: silentLog };
  return { ...deps, provider: "cuda" as const };
}

class HangingRenderer implements Renderer {
  #begin: () => void = () => undefined;
  readonly begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });

  render(): Promise<never> {
    this.#begin();
    return new Promise(() => undefined);
  }

  examine(): Promise<never> {
    return new Promise(() => undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const passing = () => Promise.resolve();
const refusing = () => Promise.reject(new Error("CUDA is not available"));
const loseCard = () => {
  throw new Error("CUDA failure 719: unspecified launch failure");
};

const results = () => pipeline.store.keys("jobs/").filter((key) => key.includes("/results/"));

describe("runLoop", () => {
  test("renders groups of up to 32 messages, those of one job together", async () => {
    const large = await pipeline.accept({ channels: "1:38" });
    const small = await pipeline.accept({ channels: "1:2", seed: 1 });
    const jobs = [
      ...channelsOf(large.jobId, upTo(20)),
      ...channelsOf(small.jobId, [2, 1]),
      ...channelsOf(large.jobId, upTo(38).slice(20)),
    ];
    const queue = queueOf(jobs);
    const renderer = new FakeRenderer();
    const deps = workerDeps(queue, renderer);
    expect(await runLoop(deps, stop.signal)).toBe("stopped");
    // the job of which there are fewest first
    expect(renderer.calls).toEqual([[2, 1], upTo(30), upTo(38).slice(30)]);
    expect(queue.received.slice(0, 4).map(({ maxMessages }) => maxMessages)).toEqual([
      10, 10, 10, 2,
    ]);
    expect(queue.received.slice(0, 5).map(({ waitSeconds }) => waitSeconds)).toEqual([
      20, 0, 0, 0, 20,
    ]);
    expect(results()).toHaveLength(40);
    expect(queue.deleted).toEqual(handles(upTo(40)));
    expect(renderer.tasks[0]?.provider).toBe("cuda");
  });

  test("gives failed messages back for later, and deletes the others", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:3" });
    const queue = queueOf([...channelsOf(jobId, [1, 2, 3]), ...channelsOf("deleted", [1])]);
    const deps = workerDeps(queue, new FakeRenderer({ throwing: [2] }));
    await runLoop(deps, stop.signal);
    expect(queue.deleted).toEqual(handles([1, 3, 4]));
    expect(queue.visibility).toEqual([{ handles: handles([2]), seconds: 30 }]);
  });

  test("keeps messages invisible while they are rendered, every 15 of 45 seconds", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:2" });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const queue = queueOf(channelsOf(jobId, [1, 2]));
    const seen: number[] = [];
    const deps = workerDeps(
      queue,
      new FakeRenderer({
        beforeChannel: (channel) => {
          vi.advanceTimersByTime(channel === 1 ? 14_999 : 15_001);
          seen.push(queue.visibility.length);
        },
      }),
    );
    await runLoop(deps, stop.signal);
    expect(seen).toEqual([0, 2]);
    expect(queue.visibility).toEqual([
      { handles: ["h1", "h2"], seconds: 45 },
      { handles: ["h1", "h2"], seconds: 45 },
    ]);
    vi.advanceTimersByTime(600_000);
    expect(queue.visibility, "no beat after the end").toHaveLength(2);
  });

  test("a group that hangs is given up after an hour, and the process with it", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:1" });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
    const queue = queueOf(channelsOf(jobId, [1]));
    const hanging = new HangingRenderer();
    const end = runLoop(workerDeps(queue, hanging), stop.signal);
    await hanging.begun;
    vi.advanceTimersByTime(3_600_000);
    expect(queue.visibility).toHaveLength(240);
    vi.advanceTimersByTime(15_000 + 90_000);
    expect(await end).toBe("broken");
    expect(queue.visibility.slice(240)).toEqual([{ handles: ["h1"], seconds: 0 }]);
  });

  test("told to stop, drops the step and gives the rest back at once", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:4" });
    const queue = queueOf(channelsOf(jobId, upTo(4)));
    await spendAttempts(jobId, upTo(4));
    const renderer = new FakeRenderer({
      beforeChannel: (channel) => (channel === 3 ? stop.abort(new Error("SIGTERM")) : undefined),
    });
    const deps = workerDeps(queue, renderer);
    expect(await runLoop(deps, stop.signal)).toBe("stopped");
    expect(queue.deleted).toEqual(handles([1, 2]));
    expect(queue.visibility).toEqual([{ handles: handles([3, 4]), seconds: 0 }]);
    expect(results(), "a fifth attempt that was cut off is no failure").toHaveLength(2);
  });

  test("told to stop during the poll, gives back what it brings", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:2" });
    const queue = queueOf(channelsOf(jobId, [1, 2]));
    const renderer = new FakeRenderer();
    const receive = queue.receive.bind(queue);
    queue.receive = (options) => {
      stop.abort(new Error("SIGTERM"));
      return receive(options);
    };
    expect(await runLoop(workerDeps(queue, renderer), stop.signal)).toBe("stopped");
    expect(renderer.calls).toEqual([]);
    expect(queue.visibility).toEqual([{ handles: ["h1", "h2"], seconds: 0 }]);
  });

  test("a broken card ends the loop, blames no channel and gives the messages back", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:4" });
    const queue = queueOf(channelsOf(jobId, upTo(4)));
    await spendAttempts(jobId, upTo(4));
    const renderer = new FakeRenderer({
      beforeChannel: (channel) => {
        if (channel === 2) throw new Error("CUDA failure 700: an illegal memory access");
      },
    });
    expect(await runLoop(workerDeps(queue, renderer), stop.signal)).toBe("broken");
    expect(renderer.calls, "nothing is rendered on a broken card").toEqual([[1], [2]]);
    expect(queue.deleted).toEqual(["h1"]);
    expect(queue.visibility).toEqual([{ handles: handles([2, 3, 4]), seconds: 0 }]);
    expect(results()).toHaveLength(1);
  });
});

describe("a loop that nobody stops", () => {
  /** Long polls since the last message, as they end the loop. */
  const emptyPolls = ({ received }: ScriptedQueue) =>
    received.length - 1 - received.findLastIndex(({ waitSeconds }) => waitSeconds === 0);

  test("ends after five minutes without a message", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:2" });
    const messages = channelsOf(jobId, [1, 2]).map((job) => channelMessage(job).body);
    const queue = new ScriptedQueue(messages, () => undefined);
    expect(await runLoop(workerDeps(queue, new FakeRenderer()), stop.signal)).toBe("idle");
    expect(results()).toHaveLength(2);
    expect(emptyPolls(queue) * queue.received.at(-1)!.waitSeconds).toBe(300);
  });

  test("begins to wait anew with each message", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:2" });
    const bodies = channelsOf(jobId, [1, 2]).map((job) => channelMessage(job).body);
    const queue = new ScriptedQueue(bodies, () => undefined);
    const [first, second] = await queue.receive({ maxMessages: 2, waitSeconds: 0 });
    let polls = 0;
    queue.receive = async ({ waitSeconds }) => {
      polls += waitSeconds > 0 ? 1 : 0;
      const came = { 1: first, 15: second }[polls];
      return waitSeconds > 0 && came !== undefined ? [came] : [];
    };
    expect(await runLoop(workerDeps(queue, new FakeRenderer()), stop.signal)).toBe("idle");
    expect(polls).toBe(15 + 15);
    expect(queue.deleted).toEqual(["h1", "h2"]);
  });
});

describe("runWorker", () => {
  test.each([
    { provider: "cuda", check: passing, isStopped: false, exitCode: 0, rendered: 1 },
    // Batch tries what did not end well again, and takes 0 for the end of the work
    { provider: "cuda", check: passing, isStopped: true, exitCode: 1, rendered: 1 },
    { provider: "cuda", check: refusing, isStopped: false, exitCode: 3, rendered: 0 },
    { provider: "cpu", check: PROVIDER_CHECKS.cpu, isStopped: false, exitCode: 0, rendered: 1 },
  ] as const)("$provider, stopped $isStopped: exit code $exitCode", async (row) => {
    const { jobId } = await pipeline.accept({ channels: "1:1" });
    const messages = channelsOf(jobId, [1]).map((job) => channelMessage(job).body);
    const queue = new ScriptedQueue(messages, () => (row.isStopped ? stop.abort() : undefined));
    const deps = workerDeps(queue, new FakeRenderer());
    const { provider, check } = row;
    expect(await runWorker({ ...deps, provider, check }, stop.signal)).toBe(row.exitCode);
    expect(results()).toHaveLength(row.rendered);
    expect(queue.received.length > 0).toBe(row.rendered > 0);
  });

  test("a broken card is exit code 1", async () => {
    const { jobId } = await pipeline.accept({ channels: "1:1" });
    const deps = workerDeps(
      queueOf(channelsOf(jobId, [1])),
      new FakeRenderer({ beforeChannel: loseCard }),
    );
    expect(await runWorker({ ...deps, check: passing }, stop.signal)).toBe(1);
  });

  test("the CPU has to be asked for", () => {
    expect(parseProvider(null)).toBe("cuda");
    expect(parseProvider("cpu")).toBe("cpu");
    expect(() => parseProvider("gpu")).toThrow(`PROVIDER is 'gpu'; wanted "cuda" or "cpu"`);
  });
});
