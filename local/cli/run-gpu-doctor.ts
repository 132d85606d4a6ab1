import { cacheFolder } from "../../lib/networks/folders.ts";
import { describeGpu } from "../../lib/optvis/runtime/gpu-gate.ts";
import { NOT_LOOKED_FOR } from "../../lib/optvis/runtime/gpu-verdict.ts";
import { localGpuGate } from "../../lib/optvis/runtime/local-gpu.ts";
import type { Terminal } from "./terminal.ts";

/** Says in a line what this machine renders on, whatever was found earlier. */
export async function runGpuDoctor({ env, print }: Terminal): Promise<void> {
  const gate = localGpuGate(env, { cacheFolder: cacheFolder(env), remembered: "is renewed" });
  const verdict = (await gate?.machine()) ?? NOT_LOOKED_FOR;
  print(
    verdict.isFit
      ? `ok: rendering on ${describeGpu(verdict)}, too: it multiplies matrices ${Number(verdict.speedup.toPrecision(2))} times as fast as a thread of the CPU; each layer is tried there before`
      : `note: rendering on the CPU: ${verdict.reason}`,
  );
}
