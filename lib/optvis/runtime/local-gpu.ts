import { GpuGate } from "./gpu-gate.ts";

/** What DREAMGRID_GPU may be. */
const CHOICES = ["auto", "off", "any"] as const;
type Choice = (typeof CHOICES)[number];

/** DREAMGRID_GPU is none of its values. */
export class GpuChoiceError extends Error {
  override readonly name = "GpuChoiceError";
}

/**
 * The gate of a process that renders for the user of this machine, as the environment variable
 * DREAMGRID_GPU says: `auto`, the default; `off`, no GPU is looked for; `any`, one is used however
 * slow it is.
 *
 * @param tell hears, once for each, what was decided
 * @returns `null` where none is to be looked for
 * @throws GpuChoiceError
 */
export function localGpuGate(
  env: Readonly<Record<string, string | undefined>>,
  { threads, tell }: { threads?: number | undefined; tell?: (line: string) => void } = {},
): GpuGate | null {
  const choice = env["DREAMGRID_GPU"] || "auto";
  if (!isChoice(choice)) {
    const wanted = CHOICES.map((each) => `'${each}'`).join(", ");
    throw new GpuChoiceError(`DREAMGRID_GPU: given '${choice}', wanted one of ${wanted}`);
  }
  if (choice === "off") return null;
  return new GpuGate({ threads, tell, ...(choice === "any" && { leastSpeedup: 0 }) });
}

const isChoice = (value: string): value is Choice => CHOICES.some((choice) => choice === value);
