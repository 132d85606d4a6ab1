import { totalmem } from "node:os";

import { expect, test } from "vitest";

import { keptBytesOf } from "../../../lib/optvis/runtime/kept-bytes.ts";

test("however many workers there are, their sessions leave memory to their images", () => {
  for (const workers of [1, 2, 16, 1_000]) {
    expect(workers * keptBytesOf(workers)).toBeLessThanOrEqual(0.6 * totalmem());
  }
  // a machine has at least some for each of a thousand
  expect(keptBytesOf(1_000)).toBeGreaterThan(0);
});
