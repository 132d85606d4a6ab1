import { messageOf } from "../../onnx/errors.ts";
import { freeCardBytes } from "../runtime/card-memory.ts";
import type { GpuGate } from "../runtime/gpu-gate.ts";
import type { GpuVerdict } from "../runtime/gpu-verdict.ts";
import { gatedGraphs } from "./gated-graphs.ts";
import type { AscentTask } from "./task.ts";

/** Of a card's free memory, whose rest what is rendered meanwhile may have. */
const SHARE_TO_TRY = 0.25;

/** Whether all graphs of a task are rendered on this machine's GPU; its speed at the slowest. */
export async function taskVerdict(gate: GpuGate, task: AscentTask): Promise<GpuVerdict> {
  const machine = await gate.machine();
  if (!machine.isFit) return machine;
  let slowest: GpuVerdict & { readonly isFit: true } = { ...machine, speedup: Infinity };
  const free = machine.provider === "cuda" ? await freeCardBytes() : null;
  const freeBytes = free === null ? null : SHARE_TO_TRY * free;
  try {
    for (const { key, gated } of gatedGraphs({ ...task, freeBytes }, machine.provider)) {
      const verdict = await gate.graph(key, gated);
      if (!verdict.isFit) return verdict;
      if (verdict.speedup < slowest.speedup) slowest = verdict;
    }
  } catch (error) {
    // such as an image that the network does not take, which the CPU says too
    return { isFit: false, reason: messageOf(error) };
  }
  return slowest;
}
