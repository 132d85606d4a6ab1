import type { LiveSteps } from "../../lib/pipeline/job/job-pace.ts";
import type { AscentProgress } from "../../lib/optvis/ascent/task.ts";
import type { PipelineEvent } from "../pipeline-events.ts";

/** Speed is that of so long a time: an image's iterations come in chunks, its levels differ. */
const WINDOW_MS = 20_000;
/** A speed of less is a guess. */
const SHORTEST_MS = 500;

interface Counted {
  /** How far the images at work are, by channel. */
  readonly at: Map<number, AscentProgress>;
  /** Iterations counted since this process began, and when, oldest first. */
  readonly samples: { readonly ms: number; readonly iterations: number }[];
}

/** Counts the ascent steps of jobs that are rendered in this process. */
export class StepCounter {
  readonly #jobs = new Map<string, Counted>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** To be told of what happens in the pipeline. */
  readonly listener = (event: PipelineEvent): void => {
    if (event.kind === "step") this.#count(event.jobId, event.progress);
    if (event.kind === "result")
      this.#jobs.get(event.result.jobId)?.at.delete(event.result.channel);
    if (event.kind === "completed") this.#jobs.delete(event.completion.jobId);
  };

  /** `null` while no image of the job has been at work here. */
  liveSteps(jobId: string): LiveSteps | null {
    const counted = this.#jobs.get(jobId);
    if (counted === undefined) return null;
    const { at, samples } = counted;
    const [first, last] = [samples[0], samples.at(-1)];
    const elapsedMs = first === undefined || last === undefined ? 0 : last.ms - first.ms;
    const perSecond =
      elapsedMs < SHORTEST_MS ? null : ((last!.iterations - first!.iterations) * 1000) / elapsedMs;
    return { atWork: [...at.values()], iterationsPerSecond: perSecond };
  }

  #count(jobId: string, progress: AscentProgress): void {
    const job: Counted = this.#jobs.get(jobId) ?? { at: new Map(), samples: [] };
    this.#jobs.set(jobId, job);
    const before = job.at.get(progress.channel);
    const isOn = before?.level === progress.level && before.iteration < progress.iteration;
    // each level counts anew, and so does an image that is drawn again from another seed
    const steps = isOn ? progress.iteration - before.iteration : progress.iteration;
    job.at.set(progress.channel, progress);
    const ms = this.#nowMs();
    job.samples.push({ ms, iterations: (job.samples.at(-1)?.iterations ?? 0) + steps });
    while (job.samples.length > 2 && job.samples[0]!.ms < ms - WINDOW_MS) job.samples.shift();
  }
}
