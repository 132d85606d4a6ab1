import { availableParallelism } from "node:os";

import type { Provider } from "../../autodiff/provider.ts";
import { freeCardBytes } from "../runtime/card-memory.ts";
import { OutOfMemoryError } from "../runtime/errors.ts";
import { PROFILES } from "../runtime/providers.ts";
import type { Feeds } from "../runtime/session.ts";
import { SessionPool } from "../runtime/session-pool.ts";
import type { SessionGraph } from "../runtime/session-graph.ts";
import { imagesOf } from "./batch-size.ts";
import { byChannel, evenGroups, inGroups } from "./groups.ts";
import { OutOfTimeError } from "./interruption.ts";
import { planOf } from "./plan-of.ts";
import { type Accounts, shareOut } from "./share-out.ts";
import type { AscentPlan } from "./stage.ts";
import { type AscentState, firstState } from "./state.ts";
import { taskParts } from "./task-parts.ts";
import type { AscentHooks } from "./hooks.ts";
import type { AscentResult, AscentTask } from "./task.ts";

/** Of all engines: two threads of WebGPU at once may end the process. It ends with the process. */
const WEBGPU_POOL = new SessionPool(1);

export interface EngineOptions {
  /** Workers on the CPU. @default the machine's cores */
  readonly threads?: number | undefined;
  /**
   * Bytes that the card has free; `null`: not known. Asked before the card is used.
   *
   * @default as nvidia-smi says, asked once in a process
   */
  readonly freeBytes?: () => Promise<number | null>;
  /** After so long without work the threads end; WebGPU's stays. @default never */
  readonly idleSeconds?: number | undefined;
}

/**
 * Runs ascents: one worker (thread and session) per core on the CPU, each with one image at a time,
 * so that an image's bytes depend neither on the others nor on their order; one worker and batches
 * on CUDA, one worker with one image at a time on WebGPU.
 *
 * Where there are several stages, and on CUDA, images go in groups: all of a group end a stage
 * before its next begins. A worker then needs one session at a time, and memory does not grow with
 * the number of stages. Where it is not enough, fewer images are tried at once.
 */
export class AscentEngine implements AsyncDisposable {
  readonly #pools: Readonly<Record<Provider, SessionPool>>;
  /** Images at once on the CPU. */
  readonly threads: number;
  /** Images that fit at once into memory that has run out, by the stage's graph of one group. */
  readonly #fitting = new Map<string, number>();
  readonly #freeBytes: () => Promise<number | null>;

  constructor({
    threads = availableParallelism(),
    freeBytes = freeCardBytes,
    idleSeconds,
  }: EngineOptions = {}) {
    if (!(Number.isInteger(threads) && threads > 0)) {
      throw new RangeError(`threads: given ${threads}; wanted a whole number from 1`);
    }
    this.threads = threads;
    this.#freeBytes = freeBytes;
    const poolFor = (provider: Provider) =>
      new SessionPool(PROFILES[provider].workers(threads), idleSeconds);
    this.#pools = { cpu: poolFor("cpu"), cuda: poolFor("cuda"), webgpu: WEBGPU_POOL };
  }

  /**
   * Renders every channel of the task. A channel that cannot go on is a failed result, not an
   * error.
   *
   * @returns a result for each channel, in the order of `task.channels`; none if `onChannel` has
   *   them as they end, because no more large images may be held than are being rendered
   * @throws UnsupportedGradientError, ModelError, GpuUnavailableError, RuntimeError: what concerns
   *   all channels alike; the signal's reason when aborted; OutOfTimeError.
   */
  async render(task: AscentTask, hooks: AscentHooks = {}): Promise<readonly AscentResult[]> {
    const results: AscentResult[] = [];
    const told = ofAsked(task, hooks);
    const freeBytes = task.provider === "cuda" ? await this.#freeBytes() : null;
    for (const { task: part, positions } of taskParts({ ...task, freeBytes })) {
      await this.#renderPart(part, told, async (state, result) => {
        const position = positions[state.position] ?? null;
        if (position === null) return;
        if (hooks.onChannel) await hooks.onChannel(result);
        else results[position] = result;
      });
    }
    return results;
  }

  /** Images that pass a stage before its next begins. */
  groupSize({ stages }: AscentPlan, provider: Provider): number {
    return this.#pools[provider].size * PROFILES[provider].groupPerWorker(stages[0]!.iterations);
  }

  async #renderPart(
    task: AscentTask,
    hooks: AscentHooks,
    onResult: Accounts["onResult"],
  ): Promise<void> {
    const plan = planOf(task);
    const isOfOneStage = plan.stages.length === 1 && PROFILES[task.provider].largestBatch === 1;
    // no worker then waits for another at the end of a group
    const wanted = isOfOneStage ? task.channels.length : this.groupSize(plan, task.provider);
    const groupSize = Math.ceil(wanted / plan.together) * plan.together;
    const begun = new Set<number>();
    // what another provider has begun would be no image of either
    const ours = hooks.resume?.filter(({ provider = task.provider }) => provider === task.provider);
    const resumed = new Map(ours?.map((state) => [state.channel, state]));
    for (const group of inGroups([...task.channels.entries()], groupSize)) {
      let states: readonly AscentState[] = group.map(([position, channel]) => {
        const saved = resumed.get(channel);
        return saved ? { ...saved, position } : firstState(channel, position);
      });
      for (const index of plan.stages.keys()) {
        const work = { states, begun, hooks, onResult };
        states = await this.#runStage(task.provider, plan, index, work);
      }
    }
  }

  /**
   * Runs a graph once, on one worker.
   *
   * @param moved as `SessionWorker.run` takes it
   * @throws GpuUnavailableError, RuntimeError
   */
  async evaluate(graph: SessionGraph, feeds: Feeds, moved: readonly string[] = []): Promise<Feeds> {
    const pool = await this.#poolOf(graph.provider);
    return pool.withWorker(graph.key, (session) => session.run(graph, feeds, moved));
  }

  /**
   * Compiles a graph ahead of its first run.
   *
   * @param workers that are to run it, at most
   * @throws as a run of it does
   */
  async prepare(graph: SessionGraph, workers: number): Promise<void> {
    const pool = await this.#poolOf(graph.provider);
    const compile = () => pool.withWorker(graph.key, (session) => session.compile(graph));
    await Promise.all(Array.from({ length: Math.min(workers, pool.size) }, compile));
  }

  /** The workers, who take memory of the card only when it is known how much is free. */
  async #poolOf(provider: Provider): Promise<SessionPool> {
    if (provider === "cuda") await this.#freeBytes();
    return this.#pools[provider];
  }

  /** Ends the workers but WebGPU's; the engine starts new ones if it is used again. */
  async close(): Promise<void> {
    await Promise.all([this.#pools.cpu.close(), this.#pools.cuda.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Takes images through one stage. Where memory was not enough, those that have not passed it go
   * on from where they stand, half as many at once.
   *
   * @returns the images that go on to the next stage
   */
  async #runStage(
    provider: Provider,
    plan: AscentPlan,
    index: number,
    work: StageWork,
  ): Promise<readonly AscentState[]> {
    const { states, ahead = [], hooks } = work;
    const stage = plan.stages[index]!;
    const later = [...states.filter((state) => state.stage > index), ...ahead];
    const coming = states.filter((state) => state.stage <= index);
    if (coming.length === 0) return later;
    const { key } = stage.graph(plan.together);
    const graph = stage.graph(Math.min(coming.length, this.#fitting.get(key) ?? Infinity));
    if (graph.notice !== null) hooks.onNotice?.(graph.notice);
    const batches = evenGroups(coming, index).flatMap((even) => inGroups(even, graph.batch));
    const run = { plan, stage, graph, hooks, pace: { secondsPerIteration: null } };
    const { standing, failure } = await shareOut(this.#pools[provider], batches, run, work);

    const passed = standing.flatMap((batch) => (batch.hasPassed ? batch.states : []));
    if (!failure.aborted) return [...later, ...passed];
    const { reason } = failure;
    const fewer = Math.floor(graph.batch / plan.together / 2) * plan.together;
    if (reason instanceof OutOfMemoryError && fewer > 0 && !hooks.signal?.aborted) {
      this.#fitting.set(key, fewer);
      const want = `${imagesOf(graph.batch)} at a time took more memory than there is`;
      hooks.onNotice?.(`${want}; it is tried with ${imagesOf(fewer)}`);
      const left = standing.flatMap((batch) => (batch.hasPassed ? [] : batch.states));
      const rest = { ...work, states: left, ahead: [...later, ...passed] };
      return this.#runStage(provider, plan, index, rest);
    }
    if (hooks.signal?.aborted || reason instanceof OutOfTimeError) {
      const all = [...later, ...standing.flatMap((batch) => batch.states)];
      const under = all.filter((state) => state.stage >= 0);
      await hooks.onStopped?.(byChannel(under, plan.together));
    }
    throw reason;
  }
}

interface StageWork extends Accounts {
  readonly states: readonly AscentState[];
  /** Those that went through the stage before memory ran out. @default none */
  readonly ahead?: readonly AscentState[];
  readonly hooks: AscentHooks;
}

/** The hooks, but not of images that nobody asked for, on which others of their group depend. */
function ofAsked({ channels, provider }: AscentTask, hooks: AscentHooks): AscentHooks {
  const asked = new Set(channels);
  const { onProgress, onStopped, frames } = hooks;
  return {
    ...hooks,
    onProgress: (progress) => {
      if (asked.has(progress.channel)) onProgress?.(progress);
    },
    onStopped: async (states) => {
      const placed = [...states]
        .filter(([channel]) => asked.has(channel))
        .map(([channel, own]) => [channel, own.map((state) => ({ ...state, provider }))] as const);
      await onStopped?.(new Map(placed));
    },
    frames: frames && {
      ...frames,
      take: async (frame) => {
        if (asked.has(frame.channel)) await frames.take(frame);
      },
    },
  };
}
