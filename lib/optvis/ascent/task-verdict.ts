import type { GpuGate } from "../runtime/gpu-gate.ts";
import type { GpuVerdict } from "../runtime/gpu-verdict.ts";
import { gatedGraphs } from "./gated-graphs.ts";
import type { AscentTask } from "./task.ts";

/** Whether all graphs of a task are rendered on this machine's GPU; its speed at the slowest. */
export async function taskVerdict(gate: GpuGate, task: AscentTask): Promise<GpuVerdict> {
  const machine = await gate.machine();
  if (!machine.isFit) return machine;
  let slowest: GpuVerdict & { readonly isFit: true } = { ...machine, speedup: Infinity };
  try {
    for (const { key, gated } of gatedGraphs(task, machine.provider)) {
      const verdict = await gate.graph(key, gated);
      if (!verdict.isFit) return verdict;
      if (verdict.speedup < slowest.speedup) slowest = verdict;
    }
  } catch (error) {
    // such as an image that the network does not take, which the CPU says too
    return { isFit: false, reason: error instanceof Error ? error.message : String(error) };
  }
  return slowest;
}
