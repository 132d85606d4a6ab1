import type { JobStatus } from "./job-status.ts";
import type { JobPlan } from "./plan.ts";

/** What a process that renders knows of a job beyond its objects. */
export interface LiveSteps {
  /** Iterations done of images that have not ended. */
  readonly iterations: number;
  /** At the speed of the last seconds; `null` before there is one. */
  readonly secondsLeft: number | null;
}

export interface JobPace {
  readonly iterations: { readonly done: number; readonly total: number };
  /** `null` before there is a speed, and at the end. */
  readonly secondsLeft: number | null;
}

/** Ascent iterations of each image of a job. */
export function iterationsPerImage({ request }: Pick<JobPlan, "request">): number {
  const { numIterations } = request;
  return request.method === "deepdream" ? numIterations * request.pyramidLevels : numIterations;
}

/**
 * How far a job is in iterations, and how long the rest takes: at the speed that a process which
 * renders has measured, or where nobody has, at that since its round began.
 *
 * @param live `null` where the images are rendered elsewhere
 */
export function jobPace(
  { plan, begun, kept, total, ok, failed, cancelled }: JobStatus,
  live: LiveSteps | null,
  now: Date,
): JobPace {
  const each = iterationsPerImage(plan);
  const ended = ok + failed + cancelled;
  const done = Math.min(ended * each + (live?.iterations ?? 0), total * each);
  const iterations = { done, total: total * each };
  if (ended === total) return { iterations, secondsLeft: null };
  if (live !== null && live.secondsLeft !== null) {
    return { iterations, secondsLeft: live.secondsLeft };
  }
  const elapsed = Math.max(0, (now.getTime() - begun.getTime()) / 1000);
  const drawn = ended - kept;
  return { iterations, secondsLeft: drawn === 0 ? null : (elapsed * (total - ended)) / drawn };
}
