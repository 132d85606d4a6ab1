import type { MessageSender } from "../lib/queue/message-queue.ts";
import type { ObjectStore } from "../lib/storage/object-store.ts";
import { encodeReconcile } from "../lib/pipeline/job/messages.ts";
import { listJobIds } from "../lib/pipeline/job/job-status.ts";
import { completeKey, planKey } from "../lib/pipeline/keys.ts";

/**
 * Has every unfinished job looked at now, not in up to 15 minutes: for the start after a stop, when
 * a job's last result may have been written with no one left to hear of it.
 *
 * @returns the jobs' ids
 */
export async function resumeJobs(
  store: ObjectStore,
  assembly: MessageSender,
): Promise<readonly string[]> {
  const unfinished: string[] = [];
  for await (const jobId of listJobIds(store)) {
    if ((await store.head(completeKey(jobId))) !== null) continue;
    // without a plan it is no job: its intake was cut off, or these are someone's own files
    if ((await store.head(planKey(jobId))) !== null) unfinished.push(jobId);
  }
  await assembly.sendAll(
    unfinished.map((jobId) => ({ body: encodeReconcile(jobId), groupId: jobId })),
  );
  return unfinished;
}
