import type { Job } from "../job/job.ts";

const LOOK_EVERY_MS = 5_000; // about one channel's time: little is rendered in vain
/** In a row, so a minute: a store that is really gone will not take the results either. */
const MISSES_ALLOWED = 12;

/** Looks for a job's cancel marker while its channels are rendered. */
export interface CancelWatch extends Disposable {
  /** Aborts when the job is cancelled, or the store has been out of reach for long. */
  readonly signal: AbortSignal;
  /** True once the cancel marker has been seen. */
  readonly isCancelled: () => boolean;
}

/** Dispose of the watch when the work has ended, or it keeps the process alive. */
export function watchCancellation(job: Job): CancelWatch {
  const controller = new AbortController();
  let misses = 0;
  let seen = false;
  const look = async () => {
    try {
      const cancelled = await job.isCancelled();
      misses = 0;
      if (!cancelled) return;
      seen = true;
      controller.abort(new Error(`job ${job.id} was cancelled`));
    } catch (error) {
      if (++misses === MISSES_ALLOWED) controller.abort(error);
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return {
    signal: controller.signal,
    isCancelled: () => seen,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
