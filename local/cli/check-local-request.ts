import { readUserFile } from "../../lib/image/user-file.ts";
import type { GivenInput } from "../../lib/networks/describe-input.ts";
import type { GpuGate } from "../../lib/optvis/runtime/gpu-gate.ts";
import { gpuRefusal, NOT_LOOKED_FOR } from "../../lib/optvis/runtime/gpu-verdict.ts";
import { machineBytes } from "../../lib/optvis/runtime/machine-memory.ts";
import type { RenderTask } from "../../lib/pipeline/render/renderer.ts";
import { checkRequest } from "../../lib/pipeline/request/check-request.ts";
import { type RenderRequest, RequestError } from "../../lib/pipeline/request/request.ts";
import { requestedNetwork } from "../../lib/pipeline/request/requested-network.ts";
import type { ResolvedRequest } from "../../lib/pipeline/request/resolved-request.ts";
import { fetchNetwork } from "./network.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

/**
 * Refuses a request that cannot be run before anything is written, fetching its network if need be.
 *
 * @returns it with everything found and filled in, and its rendering, where that needs no file
 * @throws UsageError listing every problem; NetworkError
 */
export async function checkLocalRequest(
  { name, request }: { readonly name: string; readonly request: RenderRequest },
  terminal: Terminal,
  { input, gate }: { readonly input: GivenInput | undefined; readonly gate: GpuGate | null },
): Promise<{ readonly resolved: ResolvedRequest; readonly task: RenderTask | null }> {
  if (request.executionEnvironment === "gpu") {
    const verdict = (await gate?.machine()) ?? NOT_LOOKED_FOR;
    if (!verdict.isFit) throw new UsageError(`${name}: ${gpuRefusal(verdict.reason)}`);
  }
  const network = await fetchNetwork(request.network, terminal, input);
  try {
    const { id } = network.description;
    const analysed = await requestedNetwork(id, terminal.analyse(network));
    const { resolved, initialImage } = await checkRequest(request, analysed, {
      read: readUserFile,
      memoryBytes: machineBytes(),
    });
    const { request: complete, channels } = resolved;
    const provider = complete.executionEnvironment;
    const task = { network: analysed, request: complete, channels, initialImage: null, provider };
    return { resolved, task: initialImage || complete.targets ? null : task };
  } catch (error) {
    if (error instanceof RequestError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
}
