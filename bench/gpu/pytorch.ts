import type { Network } from "../../lib/networks/registry.ts";
import type { Job } from "../jobs.ts";
import { askPytorch, type Flags, jobFlags } from "../pytorch.ts";
import type { PytorchTimes } from "./comparison.ts";
import type { MeasureOptions } from "./options.ts";
import { reasonOf } from "./report.ts";
import type { Shape } from "./shapes.ts";

type Options = Pick<MeasureOptions, "python" | "reference" | "provider">;

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
  job: Job,
  repeats: number,
  network: Network,
  options: Options,
): Promise<PytorchTimes> {
  return times("job", { ...jobFlags(job), repeats }, network, options);
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
  try {
    const pytorch = { python, reference, modelPath, device: provider };
    const { torch, device, ...timed } = await askPytorch(command, flags, pytorch);
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

/** Where Python says what went wrong. */
function lastLine(error: unknown): string {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return stderr === "" ? reasonOf(error) : stderr.split("\n").at(-1)!;
}
