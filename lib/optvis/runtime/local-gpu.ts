import { join } from "node:path";

import { GateMemory } from "./gate-memory.ts";
import { GpuGate } from "./gpu-gate.ts";

/** What DREAMGRID_GPU may be. */
const CHOICES = ["auto", "off", "any"] as const;
type Choice = (typeof CHOICES)[number];

export interface LocalGpuOptions {
  /** Threads that render on the CPU. @default one per core */
  readonly threads?: number | undefined;
  /** Hears in a line, once for each, what was decided. @default nobody */
  readonly tell?: ((line: string) => void) | undefined;
  /** Where it is remembered from process to process what is of no use. */
  readonly cacheFolder: string;
  /** Whether what is remembered counts, or is found out anew. @default it counts */
  readonly remembered?: "counts" | "is renewed";
}

/** DREAMGRID_GPU is none of its values. */
export class GpuChoiceError extends Error {
  override readonly name = "GpuChoiceError";
}

/**
 * The gate of a process that renders for the user of this machine, as the environment variable
 * DREAMGRID_GPU says: `auto`, the default; `off`, no GPU is looked for; `any`, one is used however
 * slow it is.
 *
 * @returns `null` where none is to be looked for
 * @throws GpuChoiceError
 */
export function localGpuGate(
  env: Readonly<Record<string, string | undefined>>,
  { threads, tell, cacheFolder, remembered = "counts" }: LocalGpuOptions,
): GpuGate | null {
  const choice = env["DREAMGRID_GPU"] || "auto";
  if (!isChoice(choice)) {
    const wanted = CHOICES.map((each) => `'${each}'`).join(", ");
    throw new GpuChoiceError(`DREAMGRID_GPU: given '${choice}', wanted one of ${wanted}`);
  }
  if (choice === "off") return null;
  if (choice === "any") return new GpuGate({ threads, tell, leastSpeedup: 0 });
  const memory = new GateMemory(join(cacheFolder, "gpu.json"), env);
  if (remembered === "counts") return new GpuGate({ threads, tell, memory });
  const keep = (reason: string | null) => memory.keep(reason);
  return new GpuGate({ threads, tell, memory: { reason: () => Promise.resolve(null), keep } });
}

const isChoice = (value: string): value is Choice => CHOICES.some((choice) => choice === value);
