import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Network } from "../../lib/networks/registry.ts";
import type { Job } from "../jobs.ts";
import type { PytorchTimes } from "./comparison.ts";
import type { MeasureOptions } from "./options.ts";
import { reasonOf } from "./report.ts";
import type { Shape } from "./shapes.ts";

const run = promisify(execFile);

type Options = Pick<MeasureOptions, "python" | "reference" | "provider">;
type Flags = Readonly<Record<string, string | number | readonly number[]>>;

/** What pytorch.py prints. */
interface Answer {
  readonly torch: string;
  readonly device: string;
  readonly eager_ms?: number;
  readonly graph_ms?: number | null;
  readonly graph_reason?: string;
  readonly eager_s?: number;
}

/** Milliseconds of a step, eagerly and as a CUDA graph. */
export function pytorchStep(
  {
    tensor,
    batch,
    iterations,
    repeats,
  }: Shape & { readonly iterations: number; readonly repeats: number },
  network: Network,
  options: Options,
): Promise<PytorchTimes> {
  return times("step", { layer: tensor, batch, iterations, repeats }, network, options);
}

/** Seconds of a job, eagerly. */
export function pytorchJob(
  { tensor, channels, iterations, levels, crop }: Job,
  repeats: number,
  network: Network,
  options: Options,
): Promise<PytorchTimes> {
  const flags = { layer: tensor, channels, iterations, levels, tile: crop, repeats };
  return times("job", flags, network, options);
}

/** PyTorch that is not there, or fails, is a note: ours is measured whatever becomes of it. */
async function times(
  command: "step" | "job",
  flags: Flags,
  { modelPath }: Network,
  { python, reference, provider }: Options,
): Promise<PytorchTimes> {
  const none = (note: string) => ({ eager: null, graph: null, notes: [`PyTorch: ${note}`] });
  if (reference === null) return none("not measured, since no --reference was given");
  const script = fileURLToPath(new URL("./pytorch.py", import.meta.url));
  const all = { reference, model: modelPath, device: provider, ...flags };
  const words = Object.entries(all).flatMap(([name, value]) => [
    `--${name}`,
    ...[value].flat().map(String),
  ]);
  try {
    const { stdout } = await run(python, [script, command, ...words], { env: environment() });
    const { torch, device, ...timed } = JSON.parse(stdout) as Answer;
    const { eager_ms, eager_s, graph_ms = null, graph_reason } = timed;
    return {
      eager: eager_ms ?? eager_s ?? null,
      graph: graph_ms,
      notes: [
        `PyTorch ${torch} on ${device}`,
        ...(graph_reason === undefined ? [] : [`CUDA graph: ${graph_reason}`]),
      ],
    };
  } catch (error) {
    return none(`${python} says: ${lastLine(error)}`);
  }
}

/** PyTorch's own libraries come first, not those that run.sh shows ONNX Runtime. */
function environment(): NodeJS.ProcessEnv {
  const { LD_LIBRARY_PATH_BEFORE: before, ...env } = process.env;
  return before === undefined ? env : { ...env, LD_LIBRARY_PATH: before };
}

/** Where Python says what went wrong. */
function lastLine(error: unknown): string {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return stderr === "" ? reasonOf(error) : stderr.split("\n").at(-1)!;
}
