import type { MessageSender } from "../../queue/message-queue.ts";
import {
  type AssembleDeps,
  assembleJob,
  type AssemblyOutcome,
  findPlan,
} from "../sheet/assemble-job.ts";
import { isCancelled } from "./cancellation.ts";
import { encodeReconcile } from "./messages.ts";
import { mapConcurrently } from "../concurrency.ts";
import { dispatchJob, type DispatchDeps, endedChannels } from "./dispatch-job.ts";
import { fallBackToCpu } from "./fall-back.ts";
import { completeKey } from "../keys.ts";
import { RECONCILE_SECONDS } from "../limits.ts";
import type { JobPlan } from "./plan.ts";
import { type ChannelResult, resultBase, writeResult } from "./result.ts";

export interface ReconcileDeps extends AssembleDeps, DispatchDeps {
  /** Carries the next `reconcile` message. */
  readonly assembly: MessageSender;
}

/**
 * Looks at a job without having been told of a result: sends channel messages that an interrupted
 * intake did not send, gives a job that waits for GPU workers to the CPU, ends what a cancelled job or one past its deadline still lacks, assembles
 * what has become complete, and otherwise asks to be called again.
 */
export async function reconcileJob(jobId: string, deps: ReconcileDeps): Promise<AssemblyOutcome> {
  if ((await deps.store.head(completeKey(jobId))) !== null) return "ended";
  const plan = await findPlan(deps.store, jobId);
  // the request was refused, or its intake ended before it became a job
  if (plan === null) return "unknown";
  if (await isCancelled(deps.store, jobId)) {
    await endMissing(plan, deps, (base) => ({ ...base, state: "cancelled" }));
  } else if (deps.now() >= new Date(plan.deadline)) {
    await endMissing(plan, deps, (base) => ({
      ...base,
      state: "failed",
      source: "deadline",
      reason: `the channel had not ended by the job's deadline, ${plan.deadline}`,
    }));
  } else {
    await dispatchJob(plan, deps);
    await fallBackToCpu(plan, deps);
  }
  const outcome = await assembleJob(jobId, deps);
  if (outcome === "waiting") {
    await deps.assembly.sendAll([
      { body: encodeReconcile(jobId), groupId: jobId, delaySeconds: RECONCILE_SECONDS },
    ]);
  }
  return outcome;
}

/** A worker may still come first: then its result stands. */
async function endMissing(
  plan: JobPlan,
  { store, now }: ReconcileDeps,
  resultOf: (base: ReturnType<typeof resultBase>) => ChannelResult,
): Promise<void> {
  const ended = await endedChannels(store, plan.jobId);
  const missing = plan.channels.filter((channel) => !ended.has(channel));
  await mapConcurrently(missing, (channel) =>
    writeResult(store, resultOf(resultBase(plan.jobId, channel, { attempts: 1, now: now() }))),
  );
}
