import { GpuUnavailableError } from "../../lib/optvis/runtime/errors.ts";
import { GpuGate } from "../../lib/optvis/runtime/gpu-gate.ts";

/** The first run of all compiles kernels and chooses among algorithms, which is seconds as a rule. */
const PATIENCE_SECONDS = 300;

/**
 * Lets only a machine pass whose card computes a small network as the CPU does, however fast. In a
 * child process: a driver that hangs holds the thread that waits for it, and is never heard of.
 *
 * @throws GpuUnavailableError
 */
export async function checkCard(
  gate = new GpuGate({
    providers: ["cuda"],
    leastSpeedup: 0,
    patienceSeconds: PATIENCE_SECONDS,
  }),
): Promise<void> {
  const verdict = await gate.machine();
  if (!verdict.isFit) throw new GpuUnavailableError(verdict.reason);
}
