import type { Provider } from "../../lib/autodiff/provider.ts";
import { checkCuda } from "../../lib/optvis/runtime/cuda-gate.ts";

export type GateVerdict =
  { readonly gate: "passed" | "not run" } | { readonly gate: "failed"; readonly reason: string };

/** The check that GPU workers pass before they start; on the CPU there is no CUDA to check. */
export async function runGate(
  provider: Provider,
  check: () => Promise<void> = () => checkCuda(),
): Promise<GateVerdict> {
  if (provider === "cpu") return { gate: "not run" };
  try {
    await check();
    return { gate: "passed" };
  } catch (error) {
    return { gate: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}
