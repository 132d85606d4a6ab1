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
