import type { MessageSender } from "../../queue/message-queue.ts";
import type { ObjectStore } from "../../storage/object-store.ts";
import { findPlan } from "../sheet/assemble-job.ts";
import { encodeReconcile } from "./messages.ts";
import { encodeJson, JSON_TYPE } from "../json.ts";
import { cancelKey, completeKey } from "../keys.ts";

export interface CancelDeps {
  readonly store: ObjectStore;
  readonly assembly: MessageSender;
  readonly now: () => Date;
}

/** `unknown`: no such job. `ended`: it was over before. */
export type CancelOutcome = "unknown" | "ended" | "cancelling";

/**
 * Tells a job to stop. Channels that have ended stay as they are; the others end as cancelled, at
 * once where nobody is rendering them, within seconds where someone is. Telling it twice is no error.
 */
export async function cancelJob(jobId: string, deps: CancelDeps): Promise<CancelOutcome> {
  const { store, assembly, now } = deps;
  if ((await findPlan(store, jobId)) === null) return "unknown";
  if ((await store.head(completeKey(jobId))) !== null) return "ended";
  const marker = { version: 1, jobId, cancelledAt: now().toISOString() };
  await store.putIfAbsent(cancelKey(jobId), encodeJson(marker), JSON_TYPE);
  await assembly.sendAll([{ body: encodeReconcile(jobId), groupId: jobId }]);
  return "cancelling";
}
