import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Job } from "./jobs.ts";

const run = promisify(execFile);

/** Which Python and which ascent. */
export interface Pytorch {
  /** An interpreter with torch, onnx and numpy. */
  readonly python: string;
  /** Path of the script of the ascent in PyTorch. */
  readonly reference: string;
  readonly modelPath: string;
  readonly device: "cpu" | "cuda";
}

/** What pytorch.py prints. */
export interface PytorchAnswer {
  readonly torch: string;
  readonly device: string;
  readonly eager_ms?: number;
  readonly graph_ms?: number | null;
  readonly graph_reason?: string;
  readonly eager_s?: number;
}

export type Flags = Readonly<Record<string, string | number | readonly number[]>>;

/** @throws Error as Python ended: with `stderr` where it said something. */
export async function askPytorch(
  command: "step" | "job",
  flags: Flags,
  { python, reference, modelPath, device }: Pytorch,
): Promise<PytorchAnswer> {
  const script = fileURLToPath(new URL("./pytorch.py", import.meta.url));
  const all = { reference, model: modelPath, device, ...flags };
  const words = Object.entries(all).flatMap(([name, value]) => [
    `--${name}`,
    ...[value].flat().map(String),
  ]);
  const { stdout } = await run(python, [script, command, ...words], { env: environment() });
  return JSON.parse(stdout) as PytorchAnswer;
}

export function jobFlags({ tensor, channels, iterations, levels, crop }: Job): Flags {
  return { layer: tensor, channels, iterations, levels, tile: crop };
}

/** PyTorch's own libraries come first, not those that run.sh shows ONNX Runtime. */
function environment(): NodeJS.ProcessEnv {
  const { LD_LIBRARY_PATH_BEFORE: before, ...env } = process.env;
  return before === undefined ? env : { ...env, LD_LIBRARY_PATH: before };
}
