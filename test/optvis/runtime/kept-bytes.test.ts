import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { keptBytesOf, keptBytesOnCard } from "../../../lib/optvis/runtime/kept-bytes.ts";

test("however many workers there are, their sessions leave memory to their images", () => {
  for (const workers of [1, 2, 16, 1_000]) {
    expect(workers * keptBytesOf(workers)).toBeLessThanOrEqual(0.6 * totalmem());
  }
  // a machine has at least some for each of a thousand
  expect(keptBytesOf(1_000)).toBeGreaterThan(0);
});

test("of a card a quarter is kept, of several that of the smallest", () => {
  const folder = mkdtempSync(join(tmpdir(), "dreamgrid-nvidia-smi-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("PATH", folder);
  const answers = (shell: string) => {
    const path = join(folder, "nvidia-smi");
    writeFileSync(path, `#!/bin/sh\n${shell}\n`);
    chmodSync(path, 0o755);
    return keptBytesOnCard(7e8);
  };
  // without the program
  expect(keptBytesOnCard(7e8)).toBe(7e8);
  expect(answers("echo 15360")).toBe(4_026_531_840);
  expect(answers("echo 81920; echo 24576")).toBe(6_442_450_944);
  // a card so small that no more is kept than without it
  expect(answers("echo 2048")).toBe(7e8);
  // a share of a card does not tell
  expect(answers("echo '[N/A]'")).toBe(7e8);
  expect(answers("echo 81920; exit 9")).toBe(7e8);
});
