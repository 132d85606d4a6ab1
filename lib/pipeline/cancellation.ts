import type { ObjectStore } from "../storage/object-store.ts";
import { cancelKey } from "./keys.ts";

const LOOK_EVERY_MS = 5_000;

/** Looks for a job's cancel marker while its channels are drawn. */
export interface CancelWatch extends Disposable {
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal;
}

/** True if the job has been told to stop. */
export async function isCancelled(store: ObjectStore, jobId: string): Promise<boolean> {
  return (await store.head(cancelKey(jobId))) !== null;
}

/** Dispose of the watch when the work has ended, or it keeps the process alive. */
export function watchCancellation(
  store: ObjectStore,
  jobId: string,
  everyMs = LOOK_EVERY_MS,
): CancelWatch {
  const controller = new AbortController();
  const timer = setInterval(() => {
    isCancelled(store, jobId).then(
      (cancelled) => {
        if (cancelled) controller.abort(new Error(`job ${jobId} was cancelled`));
      },
      // the store did not answer: the next look will tell
      () => undefined,
    );
  }, everyMs);
  return { signal: controller.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
