import { AUTO_CPU_CHANNELS } from "../limits.ts";
import type { Provider } from "../../autodiff/provider.ts";
import { RequestError, type RenderRequest } from "../request/request.ts";

/**
 * Where a job runs. `auto`: small jobs on the CPU, which starts in seconds; large ones on the GPU
 * where there is one.
 *
 * @throws RequestError for `gpu` where no GPU workers are deployed
 */
export function chooseProvider(
  environment: RenderRequest["executionEnvironment"],
  channelCount: number,
  gpuWorkers: "deployed" | "none",
): Provider {
  if (environment === "gpu") {
    if (gpuWorkers === "deployed") return "cuda";
    throw new RequestError([
      `executionEnvironment: given "gpu", but no GPU workers are deployed here; use "auto" or "cpu", or deploy them`,
    ]);
  }
  if (environment === "auto" && gpuWorkers === "deployed" && channelCount > AUTO_CPU_CHANNELS) {
    return "cuda";
  }
  return "cpu";
}
