import { floatTensor, type FloatTensor } from "../../onnx/tensor.ts";
import type { Feeds } from "../runtime/session.ts";
import type { SessionWorker } from "../runtime/session-worker.ts";
import { imagesOf, selectionOf, shiftsOf } from "./feeds.ts";
import type { LevelGraph } from "./level-graph.ts";
import type { Level } from "./plan-levels.ts";
import { type AscentState, canRestart, type Measurement, recorded, restarted } from "./state.ts";
import type { AscentHooks, AscentTask } from "./task.ts";

/** Update per iteration, in units of 0..255: the step of the notebook that deepDreamImage cites. */
const STEP = 1;
/** A chunk of iterations should take about this long: the grain of progress and cancellation. */
const CHUNK_SECONDS = 0.7;

/** What takes images through a level, besides the session. */
export interface LevelRun {
  readonly task: AscentTask;
  readonly level: Level;
  readonly graph: LevelGraph;
  readonly hooks: AscentHooks;
}

/**
 * Takes images through one level, all in one batch. Images without any gradient begin anew from
 * other seeds.
 *
 * @param states at most as many as the graph's batch
 * @returns the next state of each, in their order
 * @throws what the signal was aborted with; RuntimeError; CudaUnavailableError.
 */
export async function runLevel(
  session: SessionWorker,
  states: readonly AscentState[],
  run: LevelRun,
): Promise<readonly AscentState[]> {
  const started = performance.now();
  const ended = await runIterations(session, states, run);
  const share = (performance.now() - started) / 1000 / states.length;
  const timed = ended.map((state) => ({ ...state, seconds: state.seconds + share }));

  const dead = timed.filter((state) => canRestart(run.task, state));
  if (dead.length === 0) return timed;
  const fresh = dead.map((state) => restarted(run.task, state));
  const again = await runLevel(session, fresh, run);
  const byPosition = new Map(again.map((state) => [state.position, state]));
  return timed.map((state) => byPosition.get(state.position) ?? state);
}

/**
 * All iterations of a level, in chunks. Each chunk's result is the next one's start, bit for bit
 * the same as one long run.
 */
async function runIterations(
  session: SessionWorker,
  states: readonly AscentState[],
  { task, level, graph, hooks }: LevelRun,
): Promise<readonly AscentState[]> {
  const batch = filled(states, graph.batch);
  const selection = selectionOf(batch, task);
  let image = imagesOf(batch);
  let next = states;
  let chunk = 1;
  for (let done = 0; done < task.iterations;) {
    hooks.signal?.throwIfAborted();
    const count = Math.min(chunk, task.iterations - done);
    const started = performance.now();
    const outputs = await session.run(graph, {
      image,
      selection,
      iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(count)) },
      step: floatTensor([], [STEP]),
      ...shiftsOf(task, level, done, count),
    });
    image = floats(outputs, "image_out");
    const measured = measurements(outputs, level.number, done);
    next = next.map((state, i) => recorded(state, measured[i]!));
    done += count;
    for (const { channel, stop, trace } of next) {
      if (!stop) hooks.onProgress?.({ channel, ...trace.at(-1)! });
    }
    if (next.every(({ stop }) => stop !== null)) return next;
    const perIteration = (performance.now() - started) / 1000 / count;
    // the first run of a session is slower than the rest, so the chunk may grow only so fast
    chunk = Math.max(1, Math.min(chunk * 8, Math.round(CHUNK_SECONDS / perIteration)));
  }
  const { data } = image;
  const pixels = data.length / graph.batch;
  return next.map((state, i) => ({
    ...state,
    image: { ...level.size, data: data.slice(i * pixels, (i + 1) * pixels) },
  }));
}

/** The graph's batch size is fixed, so a short batch is filled up with copies of its last image. */
function filled(states: readonly AscentState[], batch: number): readonly AscentState[] {
  return Array.from({ length: batch }, (_, i) => states[Math.min(i, states.length - 1)]!);
}

/** What a chunk of iterations showed of each image, [N][count]. */
function measurements(outputs: Feeds, level: number, done: number): readonly Measurement[][] {
  const activations = floats(outputs, "activations");
  const rms = floats(outputs, "gradient_rms");
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

function floats(outputs: Feeds, name: string): FloatTensor {
  const output = outputs[name];
  if (output?.type !== "float32") throw new Error(`internal: the graph has no output '${name}'`);
  return output;
}
