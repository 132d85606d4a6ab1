import type { SessionPool } from "../runtime/session-pool.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import { Interruption } from "./interruption.ts";
import { runStage, type StageRun } from "./run-stage.ts";
import { entering } from "./stage.ts";
import { type AscentState, failedResult, imageResult } from "./state.ts";
import type { AscentResult } from "./task.ts";

/** What is known of a task's images beyond one stage. */
export interface Accounts {
  /** Channels (1-based) that `hooks.onBegin` has been told of. */
  readonly begun: Set<number>;
  /** As each image ends; awaited. */
  readonly onResult: (state: AscentState, result: AscentResult) => Promise<void>;
}

/** Where a batch stands. */
export interface Standing {
  /** All its images, or of one that has passed the stage those that go on to the next. */
  readonly states: readonly AscentState[];
  readonly hasPassed: boolean;
}

interface SharedOut {
  /** Of each batch. */
  readonly standing: readonly Standing[];
  /** Aborted for the reason of the first failure, if there was one. */
  readonly failure: AbortSignal;
}

/**
 * Shares out the batches of one stage among the workers. The first failure stops them all.
 *
 * @param batches at most as many images each as the run's graph takes, all as far in the stage
 */
export async function shareOut(
  pool: SessionPool,
  batches: readonly (readonly AscentState[])[],
  run: StageRun,
  { begun, onResult }: Accounts,
): Promise<SharedOut> {
  const { graph, hooks } = run;
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(hooks.signal ? [hooks.signal] : [])]);
  const stoppable = { ...run, hooks: { ...hooks, signal } };
  const standing = batches.map((states): Standing => ({ states, hasPassed: false }));
  const queue = batches.entries();
  const work = async (): Promise<void> => {
    for (const [i, batch] of queue) {
      // what is not begun counts no attempt
      if (failure.signal.aborted) return;
      const unbegun = batch.filter((state) => !begun.has(state.channel));
      if (unbegun.length > 0) await hooks.onBegin?.(unbegun.map(({ channel }) => channel));
      for (const { channel } of unbegun) begun.add(channel);
      const ended = await pool
        .withWorker(graph.key, (session) => runBatch(session, batch, stoppable))
        .catch((error: unknown) => {
          if (!(error instanceof Interruption)) throw error;
          standing[i] = { states: error.states, hasPassed: false };
          throw error.reason;
        });
      for (const { state, result } of ended) if (result) await onResult(state, result);
      const states = ended.flatMap(({ state, result }) => (result ? [] : [state]));
      standing[i] = { states, hasPassed: true };
    }
  };
  const working = Array.from({ length: Math.min(pool.size, batches.length) }, () =>
    work().catch((error: unknown) => {
      failure.abort(error);
    }),
  );
  await Promise.all(working);
  return { standing, failure: failure.signal };
}

/** A batch through the stage. @returns its images, each with its result if it has ended */
async function runBatch(session: SessionWorker, batch: readonly AscentState[], run: StageRun) {
  const { plan, stage } = run;
  const index = plan.stages.indexOf(stage);
  const entered = await Promise.all(
    batch.map((state) => entering(plan, state, { index, noise: session })),
  );
  const passed = await runStage(session, entered, run);
  return Promise.all(
    passed.map(async (state) => {
      if (state.stop) return { state, result: failedResult(plan, state, state.stop) };
      if (stage !== plan.stages.at(-1)) return { state, result: null };
      const image = await plan.imageOf(state.parameters, session);
      const svg = (await plan.svgOf?.(state.parameters, session)) ?? null;
      return { state, result: { ...imageResult(state, image), ...(svg !== null && { svg }) } };
    }),
  );
}
