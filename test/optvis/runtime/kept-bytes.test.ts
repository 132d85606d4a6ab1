import { totalmem } from "node:os";

import { expect, onTestFinished, test, vi } from "vitest";

import { keptBytesOf, keptBytesOnCard } from "../../../lib/optvis/runtime/kept-bytes.ts";
import { fakeNvidiaSmi, smiLines } from "../../support/fake-nvidia-smi.ts";

test("however many workers there are, their sessions leave memory to their images", () => {
  for (const workers of [1, 2, 16, 1_000]) {
    expect(workers * keptBytesOf(workers)).toBeLessThanOrEqual(0.6 * totalmem());
  }
  // a machine has at least some for each of a thousand
  expect(keptBytesOf(1_000)).toBeGreaterThan(0);
});

test("a container's workers keep six tenths of its memory together, and 900 MB each at most", () => {
  const limit = vi.spyOn(process, "constrainedMemory").mockReturnValue(1.6e9);
  onTestFinished(() => limit.mockRestore());
  expect([1, 2, 4].map(keptBytesOf)).toEqual([900e6, 480e6, 240e6]);
});

test("of a card a quarter is kept, but never less than without it", async () => {
  const kept = (shell: string) => {
    answers(shell);
    return keptBytesOnCard(7e8);
  };
  const answers = fakeNvidiaSmi();
  // without the program
  expect(await keptBytesOnCard(7e8)).toBe(7e8);
  expect(await kept(smiLines([15360]))).toBe(4_026_531_840);
  // a card so small that no more is kept than without it
  expect(await kept(smiLines([2048]))).toBe(7e8);
});
