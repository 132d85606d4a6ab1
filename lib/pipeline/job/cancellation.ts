import type { ObjectStore } from "../../storage/object-store.ts";
import { cancelKey } from "../keys.ts";

const LOOK_EVERY_MS = 5_000;
/** In a row: a store that is really gone will not take the results either. */
const MISSES_ALLOWED = 12;

/** Looks for a job's cancel marker while its channels are rendered. */
export interface CancelWatch extends Disposable {
  /** Aborts when the job is cancelled, or the store has been out of reach for long. */
  readonly signal: AbortSignal;
  /** True once the cancel marker has been seen. */
  readonly isCancelled: () => boolean;
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
  let misses = 0;
  let seen = false;
  const look = async () => {
    try {
      const cancelled = await isCancelled(store, jobId);
      misses = 0;
      if (!cancelled) return;
      seen = true;
      controller.abort(new Error(`job ${jobId} was cancelled`));
    } catch (error) {
      if (++misses === MISSES_ALLOWED) controller.abort(error);
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  return {
    signal: controller.signal,
    isCancelled: () => seen,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
