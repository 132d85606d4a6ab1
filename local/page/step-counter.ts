import type { LiveSteps } from "../../lib/pipeline/job/job-pace.ts";
import type { AscentProgress } from "../../lib/optvis/ascent/task.ts";
import type { PipelineEvent } from "../pipeline-events.ts";

/** Speed is that of so long a time: an image's iterations come in chunks, its levels differ. */
const WINDOW_MS = 20_000;
/** A speed of less is a guess. */
const SHORTEST_MS = 500;
/** By then an accepted job has had its turn, or had ended before. */
const FIRST_TURN_MS = 120_000;

/** How far the images of a job are that are at work, by channel. */
type AtWork = Map<number, AscentProgress>;

/**
 * Counts the ascent steps of jobs that are rendered in this process. Jobs take turns, image by
 * image: each has an equal share of the speed of all.
 */
export class StepCounter {
  /** Those that have begun and not ended. */
  readonly #jobs = new Map<string, AtWork>();
  /** When those were accepted that have not begun. */
  readonly #waiting = new Map<string, number>();
  /** Iterations of all jobs since this process began, and when, oldest first. */
  readonly #samples: { readonly ms: number; readonly iterations: number }[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** To be told of what happens in the pipeline. */
  readonly listener = (event: PipelineEvent): void => {
    if (event.kind === "accepted") this.#wait(event.plan.jobId);
    if (event.kind === "answered" && event.acceptance.status === "accepted") {
      this.#wait(event.acceptance.jobId);
    }
    if (event.kind === "step") this.#count(event.jobId, event.progress);
    if (event.kind === "result") this.#jobs.get(event.result.jobId)?.delete(event.result.channel);
    if (event.kind === "completed") {
      this.#jobs.delete(event.completion.jobId);
      this.#waiting.delete(event.completion.jobId);
    }
  };

  /** `null` while no image of the job has been at work here, nor is it known to wait. */
  liveSteps(jobId: string): LiveSteps | null {
    this.#forgetWaiting();
    const atWork = this.#jobs.get(jobId);
    if (atWork === undefined && !this.#waiting.has(jobId)) return null;
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const elapsedMs = first === undefined || last === undefined ? 0 : last.ms - first.ms;
    const jobs = this.#jobs.size + this.#waiting.size;
    const perSecond =
      elapsedMs < SHORTEST_MS
        ? null
        : ((last!.iterations - first!.iterations) * 1000) / elapsedMs / jobs;
    return { atWork: [...(atWork?.values() ?? [])], iterationsPerSecond: perSecond };
  }

  #wait(jobId: string): void {
    if (!this.#jobs.has(jobId)) this.#waiting.set(jobId, this.#nowMs());
  }

  /** A request that comes again may be of a job that ended before this process began. */
  #forgetWaiting(): void {
    const earliest = this.#nowMs() - FIRST_TURN_MS;
    for (const [jobId, ms] of this.#waiting) if (ms < earliest) this.#waiting.delete(jobId);
  }

  #count(jobId: string, progress: AscentProgress): void {
    const atWork: AtWork = this.#jobs.get(jobId) ?? new Map<number, AscentProgress>();
    this.#jobs.set(jobId, atWork);
    this.#waiting.delete(jobId);
    const before = atWork.get(progress.channel);
    const isOn = before?.level === progress.level && before.iteration < progress.iteration;
    // each level counts anew, and so does an image that is drawn again from another seed
    const steps = isOn ? progress.iteration - before.iteration : progress.iteration;
    atWork.set(progress.channel, progress);
    const ms = this.#nowMs();
    const samples = this.#samples;
    samples.push({ ms, iterations: (samples.at(-1)?.iterations ?? 0) + steps });
    while (samples.length > 2 && samples[0]!.ms < ms - WINDOW_MS) samples.shift();
  }
}
