import * as fc from "fast-check";
import { expect, test } from "vitest";

import * as keys from "../../lib/pipeline/keys.ts";

const jobId = fc.stringMatching(keys.JOB_ID);

test("keys are those of the documentation", () => {
  expect(keys.requestKey("j1")).toBe("jobs/j1/request.json");
  expect(keys.planKey("j1")).toBe("jobs/j1/plan.json");
  expect(keys.tileKey("j1", 114)).toBe("jobs/j1/tiles/00114.png");
  expect(keys.rawTileKey("j1", 114)).toBe("jobs/j1/tiles/00114.npy");
  expect(keys.resultKey("j1", 7)).toBe("jobs/j1/results/00007.json");
  expect(keys.montageKey("j1")).toBe("jobs/j1/montage.png");
  expect(keys.completeKey("j1")).toBe("jobs/j1/complete.json");
  expect(keys.modelKey("emojinet", "network.json")).toBe("models/emojinet/network.json");
  expect(keys.responseKeyOf("requests/a/b.json")).toBe("responses/a/b.json");
  expect(keys.responseKeyOf("requests/b.txt")).toBeNull();
});

test("a result's key gives its job and channel back, and no other key does", () => {
  fc.assert(
    fc.property(jobId, fc.integer({ min: 1, max: 99_999 }), (id, channel) => {
      expect(keys.parseResultKey(keys.resultKey(id, channel))).toEqual({ jobId: id, channel });
    }),
  );
  for (const other of ["jobs/j/plan.json", "jobs/j/results/1.json", "jobs/../results/00001.json"]) {
    expect(keys.parseResultKey(other)).toBeNull();
  }
});

test.each(["a/b", "../x", "", ".", "-a", "a".repeat(65)])("'%s' is no job id", (id) => {
  expect(() => keys.planKey(id)).toThrow("cannot be a job id");
});

test.each([0, -1, 1.5, 100_000, NaN])("channel %d has no key", (channel) => {
  expect(() => keys.tileKey("j", channel)).toThrow("is not in 1..99999");
});

test("exactly one rule wakes the assembler for a result, and none for any other object of a job", () => {
  const rules = [keys.REQUEST_NOTIFICATION, ...keys.RESULT_NOTIFICATIONS];
  const matches = (key: string) =>
    rules.filter(({ prefix, suffix }) => key.startsWith(prefix) && key.endsWith(suffix));
  fc.assert(
    fc.property(jobId, fc.integer({ min: 1, max: 99_999 }), (id, channel) => {
      expect(matches(keys.resultKey(id, channel))).toHaveLength(1);
      const others = [
        keys.requestKey(id),
        keys.planKey(id),
        keys.dispatchedKey(id),
        keys.cancelKey(id),
        keys.tileKey(id, channel),
        keys.rawTileKey(id, channel),
        keys.statusKey(id),
        keys.montageKey(id),
        keys.montagePageKey(id, channel),
        keys.deepZoomKey(id),
        keys.deepZoomPieceKey(id, { level: 3, column: channel, row: 0 }),
        keys.manifestKey(id),
        keys.completeKey(id),
      ];
      expect(others.filter((key) => matches(key).length > 0)).toEqual([]);
    }),
  );
});
