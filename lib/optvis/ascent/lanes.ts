import { setImmediate as nextTurn } from "node:timers/promises";

import type { Provider } from "../../autodiff/provider.ts";
import { messageOf } from "../../onnx/errors.ts";
import { PROFILES } from "../runtime/providers.ts";
import { OutOfMemoryError } from "../runtime/errors.ts";
import type { GpuRefusal, GpuVerdict } from "../runtime/gpu-verdict.ts";
import type { AscentEngine } from "./engine.ts";
import type { AscentHooks } from "./hooks.ts";
import { OutOfTimeError } from "./interruption.ts";
import { planOf } from "./plan-of.ts";
import { targetOf } from "./targets.ts";
import type { AscentResult, AscentTask } from "./task.ts";

/** An image, and where it was drawn. */
export type PlacedResult = AscentResult & { readonly provider: Provider };

export interface LanesOptions {
  readonly engine: Pick<AscentEngine, "groupSize" | "threads"> & {
    render(task: AscentTask, hooks: AscentHooks): Promise<unknown>;
  };
  /** On what besides the CPU; images are drawn there from when it is known. */
  readonly gpu: Promise<GpuVerdict>;
  /** The GPU has failed on the way, and what it was at is drawn on the CPU. */
  readonly onGpuFailure: (refusal: GpuRefusal) => void;
}

/**
 * Renders a task on the GPU and the CPU side by side: both take the next images that wait, the CPU
 * only while there are more than the GPU draws in the time that it takes for one. Every image is
 * drawn in one place from beginning to end. An image that was stopped goes on where it was begun,
 * and begins anew elsewhere.
 *
 * @returns none: `onChannel` has them as they end
 * @throws as `AscentEngine.render`
 */
export async function renderInLanes(
  task: AscentTask,
  options: LanesOptions,
  hooks: AscentHooks<PlacedResult>,
): Promise<void> {
  await new Lanes(task, options, hooks).run();
}

/** Channels that are drawn together. */
type Group = readonly number[];

class Lanes {
  readonly #task: AscentTask;
  readonly #options: LanesOptions;
  readonly #hooks: AscentHooks<PlacedResult>;
  /** The CPU takes from the front, the GPU from the back. */
  readonly #waiting: Group[];
  readonly #ended = new Set<number>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #emptied: Promise<null>;
  #tellEmptied: () => void = () => undefined;
  /** `null`: not known yet. */
  #verdict: GpuVerdict | null = null;

  constructor(task: AscentTask, options: LanesOptions, hooks: AscentHooks<PlacedResult>) {
    this.#task = task;
    this.#options = options;
    this.#hooks = hooks;
    const begunOn = new Map(hooks.resume?.map(({ channel, provider }) => [channel, provider]));
    this.#waiting = togetherIn(task).toSorted((a, b) => rank(a, begunOn) - rank(b, begunOn));
    this.#signal = AbortSignal.any([this.#stop.signal, ...(hooks.signal ? [hooks.signal] : [])]);
    this.#emptied = new Promise((resolve) => {
      this.#tellEmptied = () => resolve(null);
    });
  }

  async run(): Promise<void> {
    // of a graph that has been tried before: all that wait may be the GPU's
    this.#verdict = await Promise.race([this.#options.gpu, nextTurn(null)]);
    const stopOthers = (error: unknown) => {
      this.#stop.abort(error);
      throw error;
    };
    const lanes = await Promise.allSettled([
      this.#cpuLane().catch(stopOthers),
      this.#gpuLane().catch(stopOthers),
    ]);
    for (const lane of lanes) if (lane.status === "rejected") throw this.#stop.signal.reason;
    // what the GPU has left, should it have failed after the CPU's lane was done
    await this.#cpuLane();
  }

  async #cpuLane(): Promise<void> {
    const { threads } = this.#options.engine;
    for (;;) {
      const waiting = this.#waiting.length;
      const verdict = this.#verdict;
      const spare = verdict?.isFit ? waiting - Math.ceil(verdict.speedup * threads) : waiting;
      // with the CPU alone one call has them all
      const most = verdict?.isFit === false ? waiting : this.#groupOn("cpu");
      const groups = this.#take(Math.max(0, Math.min(spare, most)), "front");
      if (groups.length === 0) return;
      await this.#draw("cpu", groups);
    }
  }

  async #gpuLane(): Promise<void> {
    this.#verdict = await Promise.race([this.#options.gpu, this.#emptied]);
    if (!this.#verdict?.isFit) return;
    const { provider } = this.#verdict;
    for (;;) {
      const groups = this.#take(this.#groupOn(provider), "back");
      if (groups.length === 0) return;
      try {
        await this.#draw(provider, groups);
      } catch (error) {
        if (this.#signal.aborted || error instanceof OutOfTimeError) throw error;
        this.#giveUp(provider, error);
        const isLeft = (group: Group) => group.some((channel) => !this.#ended.has(channel));
        this.#waiting.push(...groups.filter(isLeft));
        return;
      }
    }
  }

  #giveUp(provider: Provider, error: unknown): void {
    const refusal: GpuRefusal = {
      isFit: false,
      reason: `${PROFILES[provider].name} failed: ${messageOf(error)}`,
      // others may have had the card's memory
      ...(error instanceof OutOfMemoryError && { isPassing: true }),
    };
    this.#verdict = refusal;
    this.#options.onGpuFailure(refusal);
  }

  #groupOn(provider: Provider): number {
    return this.#options.engine.groupSize(planOf({ ...this.#task, provider }), provider);
  }

  #take(count: number, end: "front" | "back"): readonly Group[] {
    const start = end === "front" ? 0 : Math.max(0, this.#waiting.length - count);
    const taken = this.#waiting.splice(start, count);
    if (this.#waiting.length === 0) this.#tellEmptied();
    return taken;
  }

  #draw(provider: Provider, groups: readonly Group[]): Promise<unknown> {
    const hooks = this.#hooks;
    const { frames } = hooks;
    return this.#options.engine.render(
      { ...this.#task, provider, channels: groups.flat() },
      {
        ...hooks,
        signal: this.#signal,
        onBegin: (channels) => this.#told(hooks.onBegin?.(channels)),
        onStopped: (states) => this.#told(hooks.onStopped?.(states)),
        frames: frames && { ...frames, take: (frame) => this.#told(frames.take(frame)) },
        onChannel: (result) => {
          this.#ended.add(result.channel);
          return this.#told(hooks.onChannel?.({ ...result, provider }));
        },
      },
    );
  }

  /** Who is told and fails makes it the task's error, not the GPU's. */
  async #told(telling: Promise<void> | undefined): Promise<void> {
    try {
      await telling;
    } catch (error) {
      this.#stop.abort(error);
      throw error;
    }
  }
}

/** What the CPU has begun comes first, and last what a GPU has. */
function rank(group: Group, begunOn: ReadonlyMap<number, Provider | undefined>): number {
  const begun = group.find((channel) => begunOn.has(channel));
  if (begun === undefined) return 0;
  return (begunOn.get(begun) ?? "cpu") === "cpu" ? -1 : 1;
}

/** The task's channels, those together that are to differ from each other. */
function togetherIn(task: AscentTask): readonly Group[] {
  if (!task.targets) return task.channels.map((channel) => [channel]);
  const groups = new Map<number, number[]>();
  for (const channel of task.channels) {
    const { among } = targetOf(task, channel);
    const first = channel - (among?.index ?? 0);
    groups.set(first, [...(groups.get(first) ?? []), channel]);
  }
  return [...groups.values()];
}
