import { type DispatchDeps, endedChannels, sendChannels } from "./dispatch-job.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { fellBackKey } from "../keys.ts";
import { GPU_PATIENCE_SECONDS } from "../limits.ts";
import type { JobPlan } from "./plan.ts";

export interface FallBackDeps extends DispatchDeps {
  readonly now: () => Date;
}

/**
 * Gives a job that was routed to the GPU to the CPU workers as well, once no channel of it has ended
 * for so long: an account may have no quota for GPU instances, or none of them may be free. Only for
 * `auto`: who asked for the GPU gets it or nothing. Should GPU workers come after all, the first result
 * of a channel stands.
 *
 * @returns whether the CPU workers have the job, by this call or an earlier one
 */
export async function fallBackToCpu(plan: JobPlan, deps: FallBackDeps): Promise<boolean> {
  const { jobId, provider, request, createdAt, channels } = plan;
  if (provider !== "cuda" || request.executionEnvironment !== "auto") return false;
  const marker = fellBackKey(jobId);
  if ((await deps.store.head(marker)) !== null) return true;
  const waitedSeconds = (deps.now().getTime() - new Date(createdAt).getTime()) / 1_000;
  if (waitedSeconds < GPU_PATIENCE_SECONDS) return false;
  if ((await endedChannels(deps.store, jobId)).size > 0) return false;
  await sendChannels(deps.queues.cpu, jobId, channels);
  // last: a call cut short is repeated, and messages sent twice change nothing
  await deps.store.putIfAbsent(marker, encodeJson({ version: 1, waitedSeconds }), JSON_TYPE);
  return true;
}
