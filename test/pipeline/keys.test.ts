import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  JOB_ID,
  modelKey,
  parseResultKey,
  planKey,
  REQUEST_NOTIFICATION,
  requestKey,
  responseKeyOf,
  RESULT_NOTIFICATIONS,
  roundKeys,
} from "../../lib/pipeline/keys.ts";

const jobId = fc.stringMatching(JOB_ID);

test("keys are those of the documentation", () => {
  expect(requestKey("j1")).toBe("jobs/j1/request.json");
  expect(planKey("j1")).toBe("jobs/j1/plan.json");
  const first = roundKeys("j1");
  expect(first.tile(114)).toBe("jobs/j1/tiles/00114.png");
  expect(first.rawTile(114)).toBe("jobs/j1/tiles/00114.npy");
  expect(first.result(7)).toBe("jobs/j1/results/00007.json");
  expect(first.montage()).toBe("jobs/j1/montage.png");
  expect(first.complete).toBe("jobs/j1/complete.json");
  const later = roundKeys("j1", 2);
  expect(later.result(7)).toBe("jobs/j1/retries/2/results/00007.json");
  expect(later.complete).toBe("jobs/j1/retries/2/complete.json");
  expect(later.checkpoint(7)).toBe("checkpoints/j1/2/00007");
  expect(modelKey("emojinet", "network.json")).toBe("models/emojinet/network.json");
  expect(responseKeyOf("requests/a/b.json")).toBe("responses/a/b.json");
  expect(responseKeyOf("requests/b.txt")).toBeNull();
});

test("a result's key gives its job and channel back, and no other key does", () => {
  fc.assert(
    fc.property(jobId, fc.integer({ min: 1, max: 99_999 }), (id, channel) => {
      expect(parseResultKey(roundKeys(id).result(channel))).toEqual({ jobId: id, channel });
    }),
  );
  for (const other of ["jobs/j/plan.json", "jobs/j/results/1.json", "jobs/../results/00001.json"]) {
    expect(parseResultKey(other)).toBeNull();
  }
});

test.each(["a/b", "../x", "", ".", "-a", "a".repeat(65)])("'%s' is no job id", (id) => {
  expect(() => planKey(id)).toThrow("cannot be a job id");
  expect(() => roundKeys(id)).toThrow("cannot be a job id");
});

test.each([0, -1, 1.5, 100_000, NaN])("channel %d has no key", (channel) => {
  expect(() => roundKeys("j").tile(channel)).toThrow("is not in 1..99999");
});

test("exactly one rule wakes the assembler for a result, and none for any other object of a job", () => {
  const rules = [REQUEST_NOTIFICATION, ...RESULT_NOTIFICATIONS];
  const matches = (key: string) =>
    rules.filter(({ prefix, suffix }) => key.startsWith(prefix) && key.endsWith(suffix));
  fc.assert(
    fc.property(jobId, fc.integer({ min: 1, max: 99_999 }), (id, channel) => {
      const keys = roundKeys(id);
      expect(matches(keys.result(channel))).toHaveLength(1);
      const others = [
        requestKey(id),
        planKey(id),
        ...Object.values(keys).filter((key) => typeof key === "string"),
        keys.tile(channel),
        keys.rawTile(channel),
        keys.attemptsOf(channel),
        keys.montage(),
        keys.montagePage(channel),
        keys.deepZoomPiece({ level: 3, column: channel, row: 0 }),
      ];
      expect(others.filter((key) => matches(key).length > 0)).toEqual([]);
    }),
  );
});
