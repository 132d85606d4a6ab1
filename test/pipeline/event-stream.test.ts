import { expect, test } from "vitest";

import { eventStream } from "../../lib/pipeline/event-stream.ts";

async function collected<T>(events: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

test("events come in the order in which they were told", async () => {
  const events = eventStream<number>(async (tell) => {
    void tell(1);
    void tell(2);
    await tell(3);
    await tell(4);
  });
  expect(await collected(events)).toEqual([1, 2, 3, 4]);
});

test("nothing is done before the loop begins", async () => {
  let hasBegun = false;
  const events = eventStream<number>(async (tell) => {
    hasBegun = true;
    await tell(1);
  });
  expect(hasBegun).toBe(false);
  expect(await collected(events)).toEqual([1]);
});

test("telling waits until the loop comes back for more", async () => {
  const log: string[] = [];
  const events = eventStream<number>(async (tell) => {
    for (const event of [1, 2]) {
      log.push(`told ${event}`);
      await tell(event);
    }
  });
  for await (const event of events) {
    await new Promise(setImmediate);
    log.push(`taken ${event}`);
  }
  expect(log).toEqual(["told 1", "taken 1", "told 2", "taken 2"]);
});

test("a failure comes after the events before it", async () => {
  const seen: number[] = [];
  const looking = async () => {
    const events = eventStream<number>((tell) => {
      void tell(1);
      return Promise.reject(new Error("out of paint"));
    });
    for await (const event of events) seen.push(event);
  };
  await expect(looking()).rejects.toThrow("out of paint");
  expect(seen).toEqual([1]);
});

test("leaving the loop aborts the work and waits for its end", async () => {
  const log: string[] = [];
  const events = eventStream<number>(async (tell, signal) => {
    for (let i = 0; !signal.aborted; i++) await tell(i);
    // nobody listens any more
    await tell(-1);
    log.push("ended");
  });
  for await (const event of events) if (event === 2) break;
  expect(log).toEqual(["ended"]);
});

test("the caller's signal reaches the work, whose reason the loop throws", async () => {
  const caller = new AbortController();
  const looking = async () => {
    const events = eventStream<number>(async (tell, signal) => {
      for (let i = 0; ; i++) {
        signal.throwIfAborted();
        await tell(i);
      }
    }, caller.signal);
    for await (const event of events) if (event === 2) caller.abort(new Error("enough"));
  };
  await expect(looking()).rejects.toThrow("enough");
});
