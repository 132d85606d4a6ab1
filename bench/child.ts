import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface RequestCost {
  /** Of the clock. */
  readonly seconds: number;
  /** Of all its threads. */
  readonly cpuSeconds: number;
  /** Resident, at most. */
  readonly peakMb: number;
}

/** What a request costs in a process of its own, on one thread. */
export async function requested(request: object): Promise<RequestCost> {
  const words = [JSON.stringify(request)];
  const { seconds = NaN, cpuSeconds = NaN, peakMb = NaN } = await child("request-run.ts", words);
  return { seconds, cpuSeconds, peakMb };
}

/** The numbers that a script of this folder prints. */
export async function child(
  script: string,
  words: readonly string[],
): Promise<Record<string, number>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await run(process.execPath, ["--import", "tsx", path, ...words]);
  return JSON.parse(stdout) as Record<string, number>;
}
