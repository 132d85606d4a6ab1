import { availableParallelism } from "node:os";

import { type Climber, type CompiledLevel, compileLevel, runLevel } from "./run-level.ts";
import { nextLevelImage, startImage } from "./start.ts";
import { batchSize, CUDA_BATCH } from "./batch-size.ts";
import type { ChannelDream, DreamHooks, DreamTask } from "./task.ts";
import { LanePool } from "../runtime/session-pool.ts";
import type { SessionLane } from "../runtime/session-worker.ts";

/** Iterations that a lane should run before it may have to compile the next level's graph (0.5 s). */
const ITERATIONS_PER_SESSION = 40;
/** Other seeds tried for an image whose whole gradient is zero. */
const MAX_RESTARTS = 16;

/**
 * Runs ascents: one lane (thread and session) per core on the CPU, each with one image at a time, so
 * that an image's bytes depend neither on the others nor on their order; one lane and batches on
 * CUDA.
 *
 * Images climb in parties: all of a party end a level before its next begins. A lane then needs one
 * session at a time, and memory does not grow with the number of levels.
 */
export class DreamEngine {
  readonly #threads: number;
  readonly #cpuLanes: LanePool;
  readonly #cudaLanes = new LanePool(1);

  /** @param threads lanes on the CPU. @default the machine's cores */
  constructor({ threads = availableParallelism() }: { readonly threads?: number } = {}) {
    this.#threads = threads;
    this.#cpuLanes = new LanePool(threads);
  }

  /**
   * Ascends every channel of the task. Results are in the order of `task.channels`; `onChannel`
   * has them as they end. A channel that cannot go on is a failed result, not an error.
   *
   * @throws UnsupportedGradientError, ModelError, CudaUnavailableError, RuntimeError: what concerns
   *   all channels alike; the signal's reason when aborted.
   */
  async dream(task: DreamTask, hooks: DreamHooks = {}): Promise<readonly ChannelDream[]> {
    const climbers = task.channels.map((channel, position): Climber => {
      const image = startImage(task, { channel, position, restarts: 0 });
      return { channel, position, image, trace: [], stop: null, restarts: 0, seconds: 0 };
    });
    const dreams = new Map<Climber, ChannelDream>();
    for (const party of inParties(climbers, this.#partySize(task))) {
      for (let level = 1; level <= task.levels.length; level++) {
        await this.#climbLevel(task, level, {
          climbers: party.filter((climber) => !dreams.has(climber)),
          hooks,
          onClimbed: async (climber) => {
            if (level < task.levels.length && !climber.stop) return;
            const dream = outcome(climber);
            dreams.set(climber, dream);
            await hooks.onChannel?.(dream);
          },
        });
      }
    }
    return climbers.map((climber) => dreams.get(climber)!);
  }

  /** Ends the lanes; the engine starts new ones if it is used again. */
  async close(): Promise<void> {
    await Promise.all([this.#cpuLanes.close(), this.#cudaLanes.close()]);
  }

  /** Small, so that results come early and a process that dies loses little; see the constants. */
  #partySize({ provider, iterations }: DreamTask): number {
    if (provider === "cuda") return CUDA_BATCH;
    return this.#threads * Math.ceil(ITERATIONS_PER_SESSION / iterations);
  }

  /** Shares out the images of one level among the lanes. The first failure stops them all. */
  async #climbLevel(
    task: DreamTask,
    level: number,
    { climbers, hooks, onClimbed }: LevelRun,
  ): Promise<void> {
    if (climbers.length === 0) return;
    const size = batchSize(task, level, climbers.length);
    const queue = inParties(climbers, size).map((party) => padded(party, size));
    const compiled = compileLevel(task, level, size);
    const failure = new AbortController();
    const signals = [failure.signal, ...(hooks.signal ? [hooks.signal] : [])];
    const laneHooks = { ...hooks, signal: AbortSignal.any(signals) };

    const lanes = task.provider === "cuda" ? this.#cudaLanes : this.#cpuLanes;
    const work = async (): Promise<void> => {
      for (let batch = queue.shift(); batch; batch = queue.shift()) {
        const run = { batch, level, compiled };
        for (const { climber } of batch) nextLevelImage(task, climber, level);
        await lanes.withLane(compiled.key, (lane) => climbWithRestarts(lane, task, run, laneHooks));
        for (const { climber, isPadding } of batch) if (!isPadding) await onClimbed(climber);
      }
    };
    const atOnce = task.provider === "cuda" ? 1 : Math.min(this.#threads, queue.length);
    const working = Array.from({ length: atOnce }, () =>
      work().catch((error: unknown) => {
        failure.abort(error);
      }),
    );
    await Promise.all(working);
    if (failure.signal.aborted) throw failure.signal.reason;
  }
}

interface LevelRun {
  readonly climbers: readonly Climber[];
  readonly hooks: DreamHooks;
  readonly onClimbed: (climber: Climber) => Promise<void>;
}

/** A place in a batch: the graph's batch size is fixed, so a short batch is padded with copies. */
interface Place {
  readonly climber: Climber;
  readonly isPadding: boolean;
}

function inParties(climbers: readonly Climber[], size: number): Climber[][] {
  return Array.from({ length: Math.ceil(climbers.length / size) }, (_, i) =>
    climbers.slice(i * size, (i + 1) * size),
  );
}

function padded(climbers: readonly Climber[], size: number): Place[] {
  return Array.from({ length: size }, (_, i) => {
    const climber = climbers[i];
    if (climber) return { climber, isPadding: false };
    return { climber: { ...climbers.at(-1)!, trace: [] }, isPadding: true };
  });
}

/** Runs a batch through a level; images without any gradient begin anew from other seeds. */
async function climbWithRestarts(
  lane: SessionLane,
  task: DreamTask,
  run: {
    readonly batch: readonly Place[];
    readonly level: number;
    readonly compiled: CompiledLevel;
  },
  hooks: DreamHooks,
): Promise<void> {
  const { level, compiled } = run;
  for (let batch = run.batch; batch.length > 0;) {
    const started = performance.now();
    const climbers = batch.map(({ climber }) => climber);
    const shown = new Set(batch.flatMap(({ climber, isPadding }) => (isPadding ? [] : [climber])));
    await runLevel(lane, task, { climbers, shown, level, compiled }, hooks);
    const seconds = (performance.now() - started) / 1000;
    for (const climber of shown) climber.seconds += seconds / shown.size;

    const dead = [...shown].filter(
      (climber) => climber.stop?.kind === "dead" && canRestart(task, climber),
    );
    for (const climber of dead) {
      climber.restarts++;
      climber.image = startImage(task, climber);
      climber.trace = [];
      climber.stop = null;
    }
    batch = dead.length > 0 ? padded(dead, climbers.length) : [];
  }
}

function canRestart({ start }: DreamTask, { restarts }: Climber): boolean {
  return start.kind !== "given" && restarts < MAX_RESTARTS;
}

function outcome({ channel, image, trace, stop, restarts, seconds }: Climber): ChannelDream {
  if (!stop) return { kind: "image", channel, image, trace, seconds, restarts };
  const reason =
    stop.kind === "dead"
      ? `the gradient is zero everywhere, for ${restarts + 1} starting images; the channel may be dead`
      : `non-finite ${stop.what} at level ${stop.level}, iteration ${stop.iteration}`;
  return { kind: "failed", channel, reason };
}
