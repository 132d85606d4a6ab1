import { MAX_STEP_SECONDS } from "../lib/pipeline/limits.ts";

/** Time kept to write what has been rendered or begun: 200 MB of the largest image. */
const WRITE_MS = 30_000;
/** The next stretch of work may take longer than the last. */
const CAUTION = 1.5;

export interface TimeOptions {
  /** Milliseconds until the work has to have ended, and what it leaves to be written. */
  readonly leftMs: () => number;
  /** Seconds of the clock for a second of a core's work. @default 1 */
  readonly slowdown?: number | undefined;
}

/**
 * Whether there is time for work of so many seconds. Of the first iteration at a size (0 s) nothing
 * is known but what is accepted at most.
 */
export function timeKeeper({ leftMs, slowdown = 1 }: TimeOptions): (seconds: number) => boolean {
  return (seconds) => {
    const expected = CAUTION * (seconds === 0 ? slowdown * MAX_STEP_SECONDS : seconds);
    return leftMs() - WRITE_MS > 1_000 * expected;
  };
}
