import {
  type ImagesLeft,
  iterationsPerImage,
  type LiveSteps,
} from "../../lib/pipeline/job/job-pace.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import type { AscentProgress } from "../../lib/optvis/ascent/task.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import type { PipelineEvent } from "../pipeline-events.ts";

/** Speed is that of so long a time: an image's iterations come in chunks, its levels differ. */
const WINDOW_MS = 20_000;
/** A speed of less is a guess. */
const SHORTEST_MS = 500;
/** By then an accepted job has had its turn, or had ended before. */
const FIRST_TURN_MS = 120_000;

/** A job that has not ended. */
interface CountedJob {
  /** How far its images are that are at work, by channel. */
  readonly atWork: ReadonlyMap<number, AscentProgress>;
  /** `null`: it was accepted before this process began. */
  readonly left: ImagesLeft | null;
  /** When it was accepted; `null` once it has begun. */
  readonly waitsSinceMs: number | null;
}

/** Counts the ascent steps of jobs that are rendered in this process, and take turns. */
export class StepCounter {
  readonly #jobs = new Map<string, CountedJob>();
  /** Iterations of all jobs since this process began, and when, oldest first. */
  readonly #samples: { readonly ms: number; readonly iterations: number }[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** To be told of what happens in the pipeline. */
  readonly listener = (event: PipelineEvent): void => {
    if (event.kind === "accepted") this.#wait(event.plan);
    if (event.kind === "answered" && event.acceptance.status === "accepted") {
      this.#wait(event.acceptance.plan);
    }
    if (event.kind === "step") this.#count(event.jobId, event.progress);
    if (event.kind === "result") this.#end(event.result);
    if (event.kind === "completed") this.#jobs.delete(event.completion.jobId);
  };

  /** `null` while no image of the job has been at work here, nor is it known to wait. */
  liveSteps(jobId: string): LiveSteps | null {
    this.#forgetWaiting();
    const job = this.#jobs.get(jobId);
    if (job === undefined) return null;
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const elapsedMs = first === undefined || last === undefined ? 0 : last.ms - first.ms;
    const iterationsPerSecond =
      elapsedMs < SHORTEST_MS ? null : ((last!.iterations - first!.iterations) * 1000) / elapsedMs;
    const others = [...this.#jobs.values()].filter((each) => each !== job);
    return {
      atWork: [...job.atWork.values()],
      iterationsPerSecond,
      others: others.map(({ left }) => left),
    };
  }

  #wait(plan: JobPlan): void {
    if (this.#jobs.has(plan.jobId)) return;
    this.#jobs.set(plan.jobId, {
      atWork: new Map(),
      left: { images: plan.channels.length, iterationsPerImage: iterationsPerImage(plan) },
      waitsSinceMs: this.#nowMs(),
    });
  }

  /** A request that comes again may be of a job that ended before this process began. */
  #forgetWaiting(): void {
    const earliest = this.#nowMs() - FIRST_TURN_MS;
    for (const [jobId, { waitsSinceMs }] of this.#jobs) {
      if (waitsSinceMs !== null && waitsSinceMs < earliest) this.#jobs.delete(jobId);
    }
  }

  #end({ jobId, channel }: ChannelResult): void {
    const job = this.#jobs.get(jobId);
    if (job === undefined) return;
    const { left } = job;
    const atWork = new Map([...job.atWork].filter(([of]) => of !== channel));
    this.#jobs.set(jobId, {
      ...job,
      atWork,
      left: left && { ...left, images: Math.max(0, left.images - 1) },
    });
  }

  #count(jobId: string, progress: AscentProgress): void {
    const { atWork = new Map<number, AscentProgress>(), left = null } = this.#jobs.get(jobId) ?? {};
    const before = atWork.get(progress.channel);
    const isOn = before?.level === progress.level && before.iteration < progress.iteration;
    // each level counts anew, and so does an image that is drawn again from another seed
    const steps = isOn ? progress.iteration - before.iteration : progress.iteration;
    this.#jobs.set(jobId, {
      atWork: new Map(atWork).set(progress.channel, progress),
      left,
      waitsSinceMs: null,
    });
    const ms = this.#nowMs();
    const samples = this.#samples;
    samples.push({ ms, iterations: (samples.at(-1)?.iterations ?? 0) + steps });
    while (samples.length > 2 && samples[0]!.ms < ms - WINDOW_MS) samples.shift();
  }
}
