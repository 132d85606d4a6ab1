import { setImmediate as nextTurn } from "node:timers/promises";

import type { Provider } from "../../autodiff/provider.ts";
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

type Fit = GpuVerdict & { readonly isFit: true };

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
  { engine, gpu, onGpuFailure }: LanesOptions,
  hooks: AscentHooks<PlacedResult>,
): Promise<void> {
  const begunOn = new Map(hooks.resume?.map(({ channel, provider }) => [channel, provider]));
  // the CPU takes from the front, the GPU from the back
  const waiting = togetherIn(task).toSorted((a, b) => rank(a, begunOn) - rank(b, begunOn));
  let verdict: GpuVerdict | null = null;
  let resolveEmptied: (value: null) => void = () => undefined;
  const emptied = new Promise<null>((resolve) => {
    resolveEmptied = resolve;
  });
  const stop = new AbortController();
  const signals = [stop.signal, ...(hooks.signal ? [hooks.signal] : [])];
  const signal = AbortSignal.any(signals);
  const ended = new Set<number>();

  const take = (count: number, end: "front" | "back"): readonly (readonly number[])[] => {
    const start = end === "front" ? 0 : Math.max(0, waiting.length - count);
    const taken = waiting.splice(start, count);
    if (waiting.length === 0) resolveEmptied(null);
    return taken;
  };
  /** Who is told and fails makes it the task's error, not the GPU's. */
  const told = async (telling: Promise<void> | undefined): Promise<void> => {
    try {
      await telling;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const { frames } = hooks;
  const draw = (provider: Provider, groups: readonly (readonly number[])[]) =>
    engine.render(
      { ...task, provider, channels: groups.flat() },
      {
        ...hooks,
        signal,
        onBegin: (channels) => told(hooks.onBegin?.(channels)),
        onStopped: (states) => told(hooks.onStopped?.(states)),
        frames: frames && { ...frames, take: (frame) => told(frames.take(frame)) },
        onChannel: (result) => {
          ended.add(result.channel);
          return told(hooks.onChannel?.({ ...result, provider }));
        },
      },
    );

  const groupOn = (provider: Provider) => engine.groupSize(planOf({ ...task, provider }), provider);
  const cpuLane = async () => {
    for (;;) {
      const spare = verdict?.isFit
        ? waiting.length - Math.ceil(verdict.speedup * engine.threads)
        : waiting.length;
      // with the CPU alone one call has them all
      const most = verdict?.isFit === false ? waiting.length : groupOn("cpu");
      const groups = take(Math.max(0, Math.min(spare, most)), "front");
      if (groups.length === 0) return;
      await draw("cpu", groups);
    }
  };
  const gpuLane = async () => {
    verdict = await Promise.race([gpu, emptied]);
    if (!verdict?.isFit) return;
    const { provider }: Fit = verdict;
    for (;;) {
      const groups = take(groupOn(provider), "back");
      if (groups.length === 0) return;
      try {
        await draw(provider, groups);
      } catch (error) {
        if (signal.aborted || error instanceof OutOfTimeError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        verdict = {
          isFit: false,
          reason: `${PROFILES[provider].name} failed: ${reason}`,
          // others may have had the card's memory
          ...(error instanceof OutOfMemoryError && { isPassing: true }),
        };
        onGpuFailure(verdict);
        waiting.push(...groups.filter((group) => group.some((channel) => !ended.has(channel))));
        return;
      }
    }
  };
  // of a graph that has been tried before: all that wait may be the GPU's
  verdict = await Promise.race([gpu, nextTurn(null)]);
  const stopOthers = (error: unknown) => {
    stop.abort(error);
    throw error;
  };
  const lanes = await Promise.allSettled([
    cpuLane().catch(stopOthers),
    gpuLane().catch(stopOthers),
  ]);
  for (const lane of lanes) if (lane.status === "rejected") throw stop.signal.reason;
  // what the GPU has left, should it have failed after the CPU's lane was done
  await cpuLane();
}

/** What the CPU has begun comes first, and last what a GPU has. */
function rank(
  group: readonly number[],
  begunOn: ReadonlyMap<number, Provider | undefined>,
): number {
  const begun = group.find((channel) => begunOn.has(channel));
  if (begun === undefined) return 0;
  return (begunOn.get(begun) ?? "cpu") === "cpu" ? -1 : 1;
}

/** The task's channels, those together that are to differ from each other. */
function togetherIn(task: AscentTask): readonly (readonly number[])[] {
  if (!task.targets) return task.channels.map((channel) => [channel]);
  const groups = new Map<number, number[]>();
  for (const channel of task.channels) {
    const { among } = targetOf(task, channel);
    const first = channel - (among?.index ?? 0);
    groups.set(first, [...(groups.get(first) ?? []), channel]);
  }
  return [...groups.values()];
}
