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
  /** Images that failed their quality card at first, and so cost twice. */
  readonly redrawn: number;
}

/** What a request costs in a process of its own, on one thread. */
export function requested(request: object): Promise<RequestCost> {
  return child<RequestCost>("request-run.ts", [JSON.stringify(request)]);
}

/** The figures that a script of this folder prints as JSON. */
export async function child<Figures>(script: string, words: readonly string[]): Promise<Figures> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await run(process.execPath, ["--import", "tsx", path, ...words]);
  return JSON.parse(stdout) as Figures;
}
