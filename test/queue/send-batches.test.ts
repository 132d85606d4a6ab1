import { expect, test } from "vitest";

import { BATCH_SIZE, sendBatches } from "../../lib/queue/send-batches.ts";

const items = Array.from({ length: 97 }, (_, i) => i);
const nothing = () => Promise.resolve([]);

test("every item is sent once, ten at a time, at most eight batches in flight", async () => {
  const sent: number[] = [];
  let inFlight = 0;
  let most = 0;
  await sendBatches(items, async (batch) => {
    most = Math.max(most, ++inFlight);
    expect(batch.length).toBeLessThanOrEqual(BATCH_SIZE);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
    sent.push(...batch);
    inFlight--;
    return [];
  });
  expect(sent.toSorted((a, b) => a - b)).toEqual(items);
  expect(most).toBe(8);
});

test("entries that fail are sent again, and they alone", async () => {
  const attempts = new Map<number, number>();
  await sendBatches(items, (batch) => {
    for (const item of batch) attempts.set(item, (attempts.get(item) ?? 0) + 1);
    const failed = batch.filter((item) => item % 10 === 3 && attempts.get(item) === 1);
    return Promise.resolve(
      failed.map((item) => ({ item, reason: "throttled", isSendersFault: false })),
    );
  });
  for (const item of items) expect(attempts.get(item)).toBe(item % 10 === 3 ? 2 : 1);
});

test("an entry that is refused is not tried again, and what was wrong is told", async () => {
  let calls = 0;
  const sending = sendBatches([1, 2, 3], (batch) => {
    calls++;
    const [item] = batch;
    return Promise.resolve(
      item === undefined ? [] : [{ item, reason: "InvalidMessage: odd", isSendersFault: true }],
    );
  });
  await expect(sending).rejects.toThrow(
    "1 of 3 entries of a batch failed after 1 attempts: InvalidMessage: odd",
  );
  expect(calls).toBe(1);
});

test("an entry that is refused keeps no other of its batch from being tried again", async () => {
  const sent: (readonly number[])[] = [];
  const sending = sendBatches([1, 2, 3], (batch) => {
    sent.push(batch);
    if (sent.length > 1) return Promise.resolve([]);
    const refused = { item: 1, reason: "MessageNotInflight", isSendersFault: true };
    const throttled = { item: 3, reason: "ServiceUnavailable", isSendersFault: false };
    return Promise.resolve([throttled, refused]);
  });
  await expect(sending).rejects.toThrow(
    "1 of 3 entries of a batch failed after 2 attempts: MessageNotInflight",
  );
  expect(sent).toEqual([[1, 2, 3], [3]]);
});

test("after an error no further batch is begun", async () => {
  let calls = 0;
  const many = Array.from({ length: 1000 }, (_, i) => i);
  const sending = sendBatches(many, () => {
    calls++;
    return Promise.reject(new Error("out of reach"));
  });
  await expect(sending).rejects.toThrow("out of reach");
  expect(calls).toBeLessThanOrEqual(8);
});

test("nothing to send is no call", async () => {
  await expect(sendBatches([], nothing)).resolves.toBeUndefined();
});
