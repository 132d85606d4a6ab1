import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onTestFinished, vi } from "vitest";

/**
 * Until the test is finished there is no program but one that plays nvidia-smi.
 *
 * @returns sets what the program does from now on, in the shell's own words; at first there is none
 */
export function fakeNvidiaSmi(): (shell: string) => void {
  const folder = mkdtempSync(join(tmpdir(), "dreamgrid-nvidia-smi-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("PATH", folder);
  const path = join(folder, "nvidia-smi");
  return (shell) => {
    writeFileSync(path, `#!/bin/sh\n${shell}\n`);
    chmodSync(path, 0o755);
  };
}

/**
 * The shell's words for an answer about cards, a line each.
 *
 * @param mebibytes of each card
 * @param cards by default of one make
 */
export function smiLines(
  mebibytes: readonly (number | string)[],
  cards: readonly { readonly name: string; readonly uuid: string; readonly mig?: string }[] = [],
): string {
  const lines = mebibytes.map((memory, i) => {
    const { mig = "[N/A]", uuid, name } = cards[i] ?? { uuid: `GPU-${i}`, name: "a card" };
    return `echo '${memory}, ${mig}, ${uuid}, ${name}'`;
  });
  return lines.join("; ");
}
