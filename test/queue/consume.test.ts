import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { consume, type ConsumeOptions } from "../../lib/queue/consume.ts";
import { ScriptedQueue } from "../support/scripted-queue.ts";

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue of so many messages; the consumer is told to stop when it is empty. */
const queueOf = (count: number) =>
  new ScriptedQueue(
    Array.from({ length: count }, () => "body"),
    () => stop.abort(),
  );

const handles = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => `h${first + i}`);

async function run(queue: ScriptedQueue, options: Partial<ConsumeOptions>): Promise<string[]> {
  const troubles: string[] = [];
  await consume(
    {
      receiver: queue,
      gathering: () => ({ batchSize: 10, pollSeconds: 20, windowMs: 0, pauseMs: 0 }),
      visibilitySeconds: 30,
      retrySeconds: () => 7,
      pauseAfterErrorMs: 0,
      handle: () => Promise.resolve([]),
      onError: (trouble, error) => troubles.push(`${trouble}: ${String(error)}`),
      ...options,
    },
    stop.signal,
  );
  return troubles;
}

/** Sizes of the batches that are handled. */
function sizes() {
  const seen: number[] = [];
  const handle: ConsumeOptions["handle"] = async (messages) => {
    seen.push(messages.length);
    return [];
  };
  return { seen, handle };
}

test("what succeeded is deleted, what failed is given back for later", async () => {
  const queue = queueOf(3);
  expect(await run(queue, { handle: () => Promise.resolve(["m2"]) })).toEqual([]);
  expect(queue.deleted).toEqual(["h1", "h3"]);
  expect(queue.visibility).toEqual([{ handles: ["h2"], seconds: 7 }]);
});

test("if a batch throws all of it is given back, and the consumer goes on", async () => {
  const queue = queueOf(4);
  let calls = 0;
  const troubles = await run(queue, {
    gathering: () => ({ batchSize: 2, pollSeconds: 20, windowMs: 0, pauseMs: 0 }),
    handle: () => (calls++ === 0 ? Promise.reject(new Error("crash")) : Promise.resolve([])),
  });
  expect(troubles).toEqual(["batch not handled: Error: crash"]);
  expect(queue.visibility).toEqual([{ handles: ["h1", "h2"], seconds: 7 }]);
  expect(queue.deleted).toEqual(["h3", "h4"]);
});

test("without a window a batch is what one call brings", async () => {
  const { seen, handle } = sizes();
  await run(queueOf(12), {
    gathering: () => ({ batchSize: 25, pollSeconds: 20, windowMs: 0, pauseMs: 0 }),
    handle,
  });
  expect(seen).toEqual([10, 2]);
});

test("a window gathers what comes in several calls into one batch, up to its size", async () => {
  const queue = queueOf(34);
  const { seen, handle } = sizes();
  await run(queue, {
    gathering: () => ({
      batchSize: 25,
      pollSeconds: 20,
      windowMs: Number.POSITIVE_INFINITY,
      pauseMs: 1,
    }),
    handle,
  });
  expect(seen).toEqual([25, 9]);
  const calls = queue.received.map(
    ({ maxMessages, waitSeconds }) => `${maxMessages}/${waitSeconds}`,
  );
  // until it is full, until no more come, and then the poll that finds the queue empty
  expect(calls).toEqual(["10/20", "10/0", "5/0", "10/20", "10/0", "10/20"]);
});

test("while calls bring as much as one can, no pause is made between them", async () => {
  const { seen, handle } = sizes();
  const hour = 3_600_000;
  await run(queueOf(20), {
    gathering: () => ({ batchSize: 20, pollSeconds: 20, windowMs: hour, pauseMs: hour }),
    handle,
  });
  expect(seen).toEqual([20]);
});

test("a window ends", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const queue = queueOf(30);
  const receive = queue.receive.bind(queue);
  queue.receive = (options) => {
    vi.setSystemTime(Date.now() + 600);
    return receive(options);
  };
  const { seen, handle } = sizes();
  await run(queue, {
    gathering: () => ({ batchSize: 100, pollSeconds: 20, windowMs: 1_000, pauseMs: 0 }),
    handle,
  });
  expect(seen).toEqual([30]);
  expect(queue.received.map(({ waitSeconds }) => waitSeconds)).toEqual([20, 0, 0, 20]);
});

test("messages stay invisible while they are handled, each third of the timeout", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const queue = queueOf(2);
  const beats: number[] = [];
  await run(queue, {
    handle: async () => {
      for (const ms of [9_999, 1, 20_000]) {
        vi.advanceTimersByTime(ms);
        beats.push(queue.visibility.length);
      }
      return [];
    },
  });
  expect(beats).toEqual([0, 1, 3]);
  expect(queue.visibility[0]).toEqual({ handles: ["h1", "h2"], seconds: 30 });
  vi.advanceTimersByTime(600_000);
  expect(queue.visibility, "no beat after the end").toHaveLength(3);
});

test("a missed beat is told, and changes nothing", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const queue = queueOf(1);
  const lost = new Error("lost");
  const change = vi.spyOn(queue, "changeVisibility").mockRejectedValueOnce(lost);
  const troubles = await run(queue, {
    handle: async () => {
      vi.advanceTimersByTime(10_000);
      return [];
    },
  });
  expect(change).toHaveBeenCalled();
  expect(troubles).toEqual(["heartbeat missed: Error: lost"]);
  expect(queue.deleted).toEqual(["h1"]);
});

test("a beat on its way as the work ends does not hold what is given back", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const queue = queueOf(2);
  const change = queue.changeVisibility.bind(queue);
  const arrive: (() => void)[] = [];
  vi.spyOn(queue, "changeVisibility").mockImplementation(async (given, seconds) => {
    if (seconds === 30) await new Promise<void>((resolve) => arrive.push(resolve));
    await change(given, seconds);
  });
  const troubles = await run(queue, {
    handle: async () => {
      vi.advanceTimersByTime(10_000);
      setTimeout(() => arrive.forEach((each) => each()), 20);
      return ["m2"];
    },
  });
  expect(troubles).toEqual([]);
  expect(queue.deleted).toEqual(["h1"]);
  expect(queue.visibility).toEqual([
    { handles: ["h1", "h2"], seconds: 30 },
    { handles: ["h2"], seconds: 7 },
  ]);
});

test("work beyond its limit is told once, and its messages are let go", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const queue = queueOf(1);
  let reached = 0;
  await run(queue, {
    workLimit: { seconds: 60, onReached: () => reached++ },
    handle: async () => {
      vi.advanceTimersByTime(60_000);
      expect([queue.visibility.length, reached]).toEqual([6, 0]);
      vi.advanceTimersByTime(600_000);
      return [];
    },
  });
  expect([queue.visibility.length, reached]).toEqual([6, 1]);
});

test("a queue out of reach is asked again", async () => {
  const queue = queueOf(1);
  vi.spyOn(queue, "receive").mockRejectedValueOnce(new Error("refused"));
  expect(await run(queue, {})).toEqual(["queue out of reach: Error: refused"]);
  expect(queue.deleted).toEqual(["h1"]);
});

test("what has been gathered is handled, though a further call fails", async () => {
  const queue = queueOf(13);
  const receive = queue.receive.bind(queue);
  vi.spyOn(queue, "receive")
    .mockImplementationOnce(receive)
    .mockRejectedValueOnce(new Error("reset"));
  const { seen, handle } = sizes();
  const troubles = await run(queue, {
    gathering: () => ({
      batchSize: 25,
      pollSeconds: 20,
      windowMs: Number.POSITIVE_INFINITY,
      pauseMs: 0,
    }),
    handle,
  });
  expect(troubles).toEqual(["queue out of reach: Error: reset"]);
  expect(seen).toEqual([10, 3]);
  expect(queue.deleted).toEqual(handles(1, 13));
});

test("the pause after an error ends with the stop", async () => {
  const queue = queueOf(1);
  vi.spyOn(queue, "receive").mockRejectedValue(new Error("refused"));
  await run(queue, {
    pauseAfterErrorMs: 3_600_000,
    onError: () => void setImmediate(() => stop.abort()),
  });
  expect(queue.deleted).toEqual([]);
});

test("what a poll brings after the stop is given back at once, unhandled", async () => {
  const queue = queueOf(2);
  const receive = queue.receive.bind(queue);
  queue.receive = (options) => {
    stop.abort();
    return receive(options);
  };
  const { seen, handle } = sizes();
  const sizesTold: number[] = [];
  await run(queue, { handle, onBatch: (size) => void sizesTold.push(size) });
  expect(seen).toEqual([]);
  expect(sizesTold).toEqual([2]);
  expect(queue.visibility).toEqual([{ handles: handles(1, 2), seconds: 0 }]);
});

test("a batch at work when the stop comes is brought to its end", async () => {
  const queue = queueOf(3);
  await run(queue, {
    retrySeconds: () => (stop.signal.aborted ? 0 : 7),
    handle: async () => {
      stop.abort();
      return ["m3"];
    },
  });
  expect(queue.deleted).toEqual(["h1", "h2"]);
  expect(queue.visibility).toEqual([{ handles: ["h3"], seconds: 0 }]);
  expect(queue.received).toHaveLength(1);
});
