import { availableParallelism } from "node:os";

import type { Provider } from "../../autodiff/provider.ts";
import { PROFILES } from "../runtime/providers.ts";
import { SessionPool } from "../runtime/session-pool.ts";
import { levelGraph } from "./level-graph.ts";
import type { Level } from "./plan-levels.ts";
import { runLevel } from "./run-level.ts";
import { levelStart } from "./start.ts";
import { type AscentState, firstState, resultOf } from "./state.ts";
import type { AscentHooks, AscentResult, AscentTask } from "./task.ts";

/**
 * Runs ascents: one worker (thread and session) per core on the CPU, each with one image at a time,
 * so that an image's bytes depend neither on the others nor on their order; one worker and batches
 * on CUDA.
 *
 * Images go in groups: all of a group end a level before its next begins. A worker then needs one
 * session at a time, and memory does not grow with the number of levels.
 */
export class AscentEngine {
  readonly #pools: Readonly<Record<Provider, SessionPool>>;

  /** @param threads workers on the CPU. @default the machine's cores */
  constructor({
    threads = availableParallelism(),
  }: { readonly threads?: number | undefined } = {}) {
    const poolFor = (provider: Provider) => new SessionPool(PROFILES[provider].workers(threads));
    this.#pools = { cpu: poolFor("cpu"), cuda: poolFor("cuda") };
  }

  /**
   * Renders every channel of the task. Results are in the order of `task.channels`; `onChannel`
   * has them as they end. A channel that cannot go on is a failed result, not an error.
   *
   * @throws UnsupportedGradientError, ModelError, CudaUnavailableError, RuntimeError: what concerns
   *   all channels alike; the signal's reason when aborted.
   */
  async render(task: AscentTask, hooks: AscentHooks = {}): Promise<readonly AscentResult[]> {
    const { channels, levels, provider, iterations } = task;
    const results: AscentResult[] = [];
    const groupSize = this.#pools[provider].size * PROFILES[provider].groupPerWorker(iterations);
    for (const group of inGroups([...channels.entries()], groupSize)) {
      let states = group.map(([position, channel]) => firstState(task, channel, position));
      for (const [i, plan] of levels.entries()) {
        const isLast = i === levels.length - 1;
        const onState = async (state: AscentState): Promise<void> => {
          if (!isLast && state.stop === null) return;
          const result = resultOf(state);
          results[state.position] = result;
          await hooks.onChannel?.(result);
        };
        const level = { ...plan, number: i + 1 };
        const next = await this.#runLevel(task, level, { states, hooks, onState });
        states = next.filter(({ stop }) => stop === null);
      }
    }
    return results;
  }

  /** Ends the workers; the engine starts new ones if it is used again. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.close()));
  }

  /** Shares out the images of one level among the workers. The first failure stops them all. */
  async #runLevel(
    task: AscentTask,
    level: Level,
    { states, hooks, onState }: LevelWork,
  ): Promise<readonly AscentState[]> {
    if (states.length === 0) return [];
    const pool = this.#pools[task.provider];
    const graph = levelGraph(task, level, states.length);
    const batches = inGroups(states, graph.batch);
    const failure = new AbortController();
    const signals = [failure.signal, ...(hooks.signal ? [hooks.signal] : [])];
    const run = { task, level, graph, hooks: { ...hooks, signal: AbortSignal.any(signals) } };

    const next: (readonly AscentState[])[] = [];
    const queue = batches.entries();
    const work = async (): Promise<void> => {
      for (const [i, batch] of queue) {
        const started = batch.map((state) => {
          return { ...state, image: levelStart(task, state.image, level) };
        });
        const ended = await pool.withWorker(graph.key, (worker) => runLevel(worker, started, run));
        for (const state of ended) await onState(state);
        next[i] = ended;
      }
    };
    const working = Array.from({ length: Math.min(pool.size, batches.length) }, () =>
      work().catch((error: unknown) => {
        failure.abort(error);
      }),
    );
    await Promise.all(working);
    if (failure.signal.aborted) throw failure.signal.reason;
    return next.flat();
  }
}

interface LevelWork {
  readonly states: readonly AscentState[];
  readonly hooks: AscentHooks;
  /** As each image has passed the level; awaited. */
  readonly onState: (state: AscentState) => Promise<void>;
}

function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
