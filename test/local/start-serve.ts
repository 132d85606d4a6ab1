import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { bundledScript } from "../support/bundled-script.ts";
import { until } from "../support/until.ts";

const CHILD = "test/local/serve-child.ts";

export interface RunningService {
  readonly process: ChildProcess;
  readonly apiUrl: string;
  readonly output: () => string;
}

/** See serve-child.ts. */
interface ChildPlan {
  readonly log: string;
  readonly hangsAfter: number;
  readonly recoverySeconds: number;
}

interface Places {
  /** Where it is run. @default the repository */
  readonly cwd?: string;
  /** What it is bundled into, or was before. @default the folder of its data */
  readonly scripts?: string;
}

/** Starts `serve` in a process of its own on free ports, and waits until it says where it is. */
export async function startServe(
  folder: string,
  plan: ChildPlan,
  { cwd = process.cwd(), scripts = folder }: Places = {},
): Promise<RunningService> {
  const { log, hangsAfter, recoverySeconds } = plan;
  const data = join(folder, "data");
  const own = [join(folder, log), String(hangsAfter), String(recoverySeconds)];
  // by which it is known how many channels are begun at once
  const machine = ["--threads", "2"];
  const words = [...machine, "--aws-port", "0", "--api-port", "0", "--data", data];
  const child = spawn(process.execPath, [await bundledScript(CHILD, scripts), ...own, ...words], {
    env: { ...process.env, DREAMGRID_MODELS: folder, DREAMGRID_CACHE: join(folder, "cache") },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (output += String(chunk)));
  }
  const apiUrl = await until(
    // the last line is there too
    () => (/curl \S+\/jobs\n/.test(output) ? /HTTP API\s+(\S+)/.exec(output)?.[1] : undefined),
    () => `serve did not start: ${output}`,
  );
  return { process: child, apiUrl, output: () => output };
}
