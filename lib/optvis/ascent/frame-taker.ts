import { copyOf } from "../../image/raster.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import type { AscentPlan, Stage } from "./stage.ts";
import type { AscentState } from "./state.ts";
import type { FrameHook } from "./task.ts";

/** What a stage's images are looked at by, after which of its iterations. */
export class FrameTaker {
  readonly #session: SessionWorker;
  readonly #plan: AscentPlan;
  /** Iterations of the stages before. */
  readonly #before: number;
  /** Of the whole ascent, ascending. */
  readonly #iterations: readonly number[];
  readonly #hook: FrameHook | undefined;

  constructor(
    session: SessionWorker,
    {
      plan,
      stage,
      hook,
    }: { readonly plan: AscentPlan; readonly stage: Stage; readonly hook: FrameHook | undefined },
  ) {
    this.#session = session;
    this.#plan = plan;
    const earlier = plan.stages.slice(0, plan.stages.indexOf(stage));
    this.#before = iterationsOf(earlier);
    this.#iterations =
      hook === undefined ? [] : frameIterations(iterationsOf(plan.stages), hook.count);
    this.#hook = hook;
  }

  /** Iterations from the stage's `done`th to the next look; infinitely many if there is none. */
  until(done: number): number {
    const next = this.#iterations.find((iteration) => iteration > this.#before + done);
    return next === undefined ? Infinity : next - this.#before - done;
  }

  /** Looks at images after `done` iterations of the stage, if it is time to. */
  async take(states: () => readonly AscentState[], done: number): Promise<void> {
    const iteration = this.#before + done;
    const hook = this.#hook;
    if (hook === undefined || !this.#iterations.includes(iteration)) return;
    for (const { channel, parameters, stop } of states()) {
      if (stop !== null) continue;
      const image = await this.#plan.imageOf(parameters, this.#session, hook.wantedSize);
      // it may share its numbers with the parameters, from which the ascent goes on
      await hook.take({ channel, iteration, image: copyOf(image) });
    }
  }
}

/**
 * After which of an ascent's iterations its images are looked at: `count` times, evenly, from 0 on;
 * without the last, which is the end.
 */
export function frameIterations(total: number, count: number): readonly number[] {
  const steps = Math.max(1, count - 1);
  const evenly = Array.from({ length: steps }, (_, i) => Math.round((i * total) / steps));
  return [...new Set(evenly)].filter((iteration) => iteration < total);
}

function iterationsOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, { iterations }) => sum + iterations, 0);
}
