import type { JobStatus } from "./job-status.ts";
import type { JobPlan } from "./plan.ts";

/** What a process that renders knows of a job beyond its objects. */
export interface LiveSteps {
  /** How far the images are that have not ended: level and iteration in it, from 1. */
  readonly atWork: readonly { readonly level: number; readonly iteration: number }[];
  /** Speed of the last seconds, of all jobs together; `null` before there is a speed. */
  readonly iterationsPerSecond: number | null;
  /** The jobs that it takes turns with, image by image; `null` of one where that is not known. */
  readonly others: readonly (ImagesLeft | null)[];
}

/** What of a job has not ended. */
export interface ImagesLeft {
  readonly images: number;
  readonly iterationsPerImage: number;
}

export interface JobPace {
  readonly iterations: { readonly done: number; readonly total: number };
  /** `null` before there is a speed, at the end, and while the job is being cancelled. */
  readonly secondsLeft: number | null;
}

/** Ascent iterations of each image of a job. */
export function iterationsPerImage({ request }: Pick<JobPlan, "request">): number {
  const { numIterations } = request;
  return request.method === "deepdream" ? numIterations * request.pyramidLevels : numIterations;
}

/**
 * How far a job is in iterations, and how long the rest takes: at the speed that a process which
 * renders has measured, or where nobody has, at the speed since its round began. While it draws an
 * image, each other job draws one, as long as that has any left; a job of which nothing is known is
 * taken to have as many.
 *
 * @param live `null` where the images are rendered elsewhere
 */
export function jobPace(
  { plan, state, begun, kept, total, ok, failed, cancelled }: JobStatus,
  live: LiveSteps | null,
  now: Date,
): JobPace {
  const each = iterationsPerImage(plan);
  const { numIterations } = plan.request;
  const steps = (live?.atWork ?? []).map(
    ({ level, iteration }) => (level - 1) * numIterations + iteration,
  );
  const ended = ok + failed + cancelled;
  const begunSteps = steps.reduce((sum, step) => sum + step, 0);
  const drawnSteps = (ok + failed) * each;
  const iterations = {
    // an image that was at work when its job was cancelled is told as begun for a moment longer
    done: Math.min(drawnSteps + begunSteps, (total - cancelled) * each),
    total: total * each,
  };
  // what is cancelled is not drawn, and ends at no speed that is known
  if (ended === total || state === "cancelling") return { iterations, secondsLeft: null };
  const { iterationsPerSecond: speed = null, others = [] } = live ?? {};
  if (speed !== null && speed > 0) {
    const left = iterations.total - iterations.done;
    const meanwhile = others.map((other) =>
      other === null ? left : Math.min(other.images, total - ended) * other.iterationsPerImage,
    );
    const all = meanwhile.reduce((sum, of) => sum + of, left);
    return { iterations, secondsLeft: all / speed };
  }
  const elapsed = Math.max(0, (now.getTime() - begun.getTime()) / 1000);
  const drawn = ended - kept;
  return { iterations, secondsLeft: drawn === 0 ? null : (elapsed * (total - ended)) / drawn };
}
