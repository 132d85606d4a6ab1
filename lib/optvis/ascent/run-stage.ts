import { type FloatTensor, floatTensor, intScalar } from "../../onnx/tensor.ts";
import type { Feeds } from "../runtime/session.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import { FrameTaker } from "./frame-taker.ts";
import { inGroups } from "./groups.ts";
import { Interruption, OutOfTimeError } from "./interruption.ts";
import { floatOutput } from "./outputs.ts";
import type { AscentPlan, Stage, StageGraph } from "./stage.ts";
import {
  type AscentState,
  canRestart,
  type Measurement,
  type Parameters,
  recorded,
  restarted,
  REVIVAL_ITERATIONS,
  revived,
} from "./state.ts";
import type { AscentHooks } from "./hooks.ts";

/** What a chunk of iterations takes unless the hooks want another time. */
const CHUNK_SECONDS = 0.7;

/**
 * What an image takes after its last iteration, in iterations at most: the nine forward passes of
 * its quality card, each half of one, for each window in which it is looked at.
 */
const ITERATIONS_TO_FINISH = 6;

/** What takes images through a stage, besides the session. */
export interface StageRun {
  readonly plan: AscentPlan;
  readonly stage: Stage;
  readonly graph: StageGraph;
  readonly hooks: AscentHooks;
  readonly pace: Pace;
}

/** How fast a stage's images have gone so far, for those that begin after them. */
export interface Pace {
  /** `null`: none has gone yet. */
  secondsPerIteration: number | null;
}

/**
 * Takes images through one stage, all in one batch. Images without any gradient begin anew from
 * other seeds.
 *
 * @param states at most as many as the graph's batch; their parameters are used up
 * @returns the next state of each, in their order
 * @throws Interruption; RuntimeError; GpuUnavailableError.
 */
export async function runStage(
  session: SessionWorker,
  states: readonly AscentState[],
  run: StageRun,
): Promise<readonly AscentState[]> {
  const started = performance.now();
  const ended = await runIterations(session, states, run).catch((error: unknown) => {
    if (!(error instanceof Interruption)) throw error;
    throw new Interruption(error.reason, withTime(error.states, started));
  });
  const timed = withTime(ended, started);

  const waiting = timed.filter((state) => canRestart(run.plan, state));
  if (waiting.length === 0) return timed;
  const mayRevive = run.stage.revival !== null && waiting.every(({ isRevived }) => !isRevived);
  const again = mayRevive ? revived : restarted;
  const fresh = await Promise.all(waiting.map((state) => again(run.plan, state, session)));
  const withLater = (later: readonly AscentState[]) => {
    const byPosition = new Map(later.map((state) => [state.position, state]));
    return timed.map((state) => byPosition.get(state.position) ?? state);
  };
  try {
    return withLater(await runStage(session, fresh, run));
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    throw new Interruption(error.reason, withLater(error.states));
  }
}

/** With each image's share of the time that they have taken together. */
function withTime(states: readonly AscentState[], startedMs: number): readonly AscentState[] {
  const share = (performance.now() - startedMs) / 1000 / states.length;
  return states.map((state) => ({ ...state, seconds: state.seconds + share }));
}

/** What depends on an image that was stopped is stopped with it, and begins anew with it. */
function sharingFate(states: readonly AscentState[], together: number): readonly AscentState[] {
  return inGroups(states, together).flatMap((group) => {
    const stop = group.find((state) => state.stop !== null)?.stop ?? null;
    return group.map((state) => ({ ...state, stop }));
  });
}

/**
 * What is left of a stage's iterations, in chunks. Each chunk's result is the next one's start, bit
 * for bit the same as one long run.
 *
 * @param states all as far as the first
 */
async function runIterations(
  session: SessionWorker,
  states: readonly AscentState[],
  { plan, stage, graph, hooks, pace }: StageRun,
): Promise<readonly AscentState[]> {
  const frames = new FrameTaker(session, { plan, stage, hook: hooks.frames });
  const batch = filled(states, graph.batch);
  const names = Object.keys(batch[0]!.parameters);
  let carried: Feeds = Object.fromEntries(names.map((name) => [name, stacked(batch, name)]));
  let next = states;
  const { chunkSeconds = CHUNK_SECONDS } = hooks;
  const timely = () => Math.round(chunkSeconds / (pace.secondsPerIteration ?? Infinity));
  let chunk = Math.max(1, timely());
  let done = states[0]!.done;
  const standing = () => {
    const results = names.map((name) => [name, floatOutput(carried, name)] as const);
    return next.map((state, i) => ({ ...state, done, parameters: unstacked(results, i) }));
  };
  const stopUnless = (isTime: boolean) => {
    const reason = hooks.signal?.aborted ? hooks.signal.reason : new OutOfTimeError();
    if (hooks.signal?.aborted || !isTime) throw new Interruption(reason, standing());
  };
  const hasTime = (iterations: number) =>
    hooks.hasTime?.(iterations * (pace.secondsPerIteration ?? 0)) ?? true;
  // a later stage begins with what an earlier one has shown
  if (stage === plan.stages[0] || done > 0) await frames.take(standing, done);
  const revival = states[0]?.isRevived ? stage.revival : null;
  while (done < stage.iterations) {
    const isReviving = revival !== null && done < REVIVAL_ITERATIONS;
    const end = isReviving ? Math.min(REVIVAL_ITERATIONS, stage.iterations) : stage.iterations;
    const count = Math.min(chunk, end - done, frames.until(done));
    stopUnless(hasTime(count));
    const started = performance.now();
    const iterations = intScalar(count);
    const feeds = { ...carried, iterations, ...stage.feeds(batch, done, count) };
    // of a large canvas every copy counts: what is carried lives in one thread at a time
    const outputs = await session.run(isReviving ? revival(graph.batch) : graph, feeds, names);
    carried = Object.fromEntries(names.map((name) => [name, floatOutput(outputs, `${name}_out`)]));
    const measured = measurements(outputs, stage.number, done);
    const shown = next.map((state, i) => recorded(state, measured[i]!));
    next = sharingFate(shown, plan.together);
    done += count;
    for (const { channel, stop, trace } of next) {
      if (!stop) hooks.onProgress?.({ channel, ...trace.at(-1)! });
    }
    if (next.every(({ stop }) => stop !== null)) return next;
    pace.secondsPerIteration = (performance.now() - started) / 1000 / count;
    await frames.take(standing, done);
    // the first run of a session is slower than the rest, so the chunk may grow only so fast
    chunk = Math.max(1, Math.min(chunk * 8, timely()));
  }
  if (stage === plan.stages.at(-1)) {
    stopUnless(hasTime(ITERATIONS_TO_FINISH * plan.windows));
  }
  return standing();
}

/** The graph's batch size is fixed, so a short batch is filled up with copies of its last image. */
function filled(states: readonly AscentState[], batch: number): readonly AscentState[] {
  return Array.from({ length: batch }, (_, i) => states[Math.min(i, states.length - 1)]!);
}

/** The images' tensors of one name in one, [N, ...]; of one image its own. */
export function stacked(states: readonly AscentState[], name: string): FloatTensor {
  const { shape, data } = floatOutput(states[0]!.parameters, name);
  if (states.length === 1) return floatTensor([1, ...shape], data);
  const all = new Float32Array(states.length * data.length);
  states.forEach(({ parameters }, i) => {
    all.set(floatOutput(parameters, name).data, i * data.length);
  });
  return floatTensor([states.length, ...shape], all);
}

/** The tensors of image `i` of the batch. */
function unstacked(tensors: readonly (readonly [string, FloatTensor])[], i: number): Parameters {
  return Object.fromEntries(
    tensors.map(([name, { shape, data }]) => {
      const [n = 1, ...rest] = shape;
      const size = data.length / n;
      return [name, floatTensor(rest, n === 1 ? data : data.slice(i * size, (i + 1) * size))];
    }),
  );
}

/** What a chunk of iterations showed of each image, [N][count]. */
function measurements(outputs: Feeds, level: number, done: number): readonly Measurement[][] {
  const activations = floatOutput(outputs, "activations");
  const rms = floatOutput(outputs, "gradient_rms");
  const [count = 0, n = 0] = activations.shape;
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: count }, (__, k) => ({
      iteration: done + k + 1,
      level,
      activation: activations.data[k * n + i]!,
      gradientRms: rms.data[k * n + i]!,
    })),
  );
}
