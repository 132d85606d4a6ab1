import { encodeModel } from "../../onnx/encode.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { ascentGraph } from "../graph/ascent-graph.ts";
import type { DreamHooks, DreamTask, Planes, TracePoint } from "./task.ts";
import { layerPass, passKey } from "../graph/layer-pass.ts";
import type { LevelPlan } from "./plan-levels.ts";
import { uniformFrom } from "../random.ts";
import type { Feeds } from "../runtime/session.ts";
import type { SessionLane } from "../runtime/session-worker.ts";
import type { Blend } from "../graph/crops.ts";

/** Update per iteration, in units of 0..255. */
export const STEP = 1;
/** A chunk of iterations should take about this long: the grain of progress and cancellation. */
const CHUNK_SECONDS = 0.7;
/** A tile's grid moves by up to this share of the tile either way in each iteration. */
const SHIFT_SHARE = 1 / 16;

/** Why an image of a group went no further. */
export type Stop =
  | { readonly kind: "dead" }
  | {
      readonly kind: "non-finite";
      readonly what: string;
      readonly level: number;
      readonly iteration: number;
    };

/** One image on its way through the levels. */
export interface Climber {
  /** 0-based. */
  readonly channel: number;
  /** Place in the task, which may name a channel twice. */
  readonly position: number;
  image: Planes;
  trace: TracePoint[];
  stop: Stop | null;
  /** How often it began anew from another seed. */
  restarts: number;
  /** Its share of the time its batches took. */
  seconds: number;
}

/** The graph of one level for one batch size. */
export interface CompiledLevel {
  /** Equal for equal graphs, so that a session compiled for one is found again. */
  readonly key: string;
  /** The bytes of the .onnx file, made when a lane first asks. */
  readonly model: () => Uint8Array;
}

export interface Batch {
  /** As many as the graph has images; copies that only fill up are not in `shown`. */
  readonly climbers: readonly Climber[];
  readonly shown: ReadonlySet<Climber>;
  /** From 1. */
  readonly level: number;
  readonly compiled: CompiledLevel;
}

/**
 * Runs one level for a group of images, all in one batch, in chunks of iterations.
 *
 * Each chunk's result is the next one's start, bit for bit the same as one long run.
 *
 * @throws what the signal was aborted with; RuntimeError; CudaUnavailableError.
 */
export async function runLevel(
  lane: SessionLane,
  task: DreamTask,
  { climbers, shown, level, compiled }: Batch,
  hooks: DreamHooks,
): Promise<void> {
  const plan = task.levels[level - 1]!;
  const selection = oneHotRows(climbers, task);
  let images = concatenate(climbers.map(({ image }) => image.data));
  let chunk = 1;
  for (let done = 0; done < task.iterations;) {
    hooks.signal?.throwIfAborted();
    const count = Math.min(chunk, task.iterations - done);
    const started = performance.now();
    const feeds: Feeds = {
      image: floatTensor([climbers.length, 3, plan.size.height, plan.size.width], images),
      selection,
      iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(count)) },
      step: floatTensor([], [STEP]),
      ...(plan.tiles && { shifts: shiftsOf(task, plan, level, done, count) }),
    };
    const outputs = await lane.run(compiled.key, task.provider, compiled.model, feeds);
    images = floats(outputs, "image_out");
    const activations = floats(outputs, "activations");
    const rms = floats(outputs, "gradient_rms");
    record({ climbers, level, done, count, activations, rms });
    done += count;
    for (const { channel, stop, trace } of shown) {
      if (!stop) hooks.onProgress?.({ channel, ...trace.at(-1)! });
    }
    if (climbers.every(({ stop }) => stop !== null)) return;
    const perIteration = (performance.now() - started) / 1000 / count;
    // the first run of a session is slower than the rest, so the chunk may grow only so fast
    chunk = Math.max(1, Math.min(chunk * 8, Math.round(CHUNK_SECONDS / perIteration)));
  }
  const pixels = images.length / climbers.length;
  climbers.forEach((climber, i) => {
    climber.image = { ...plan.size, data: images.slice(i * pixels, (i + 1) * pixels) };
  });
}

/** The ascent graph of a level for `batch` images. */
export function compileLevel(task: DreamTask, level: number, batch: number): CompiledLevel {
  const { network, layer, objective, provider } = task;
  const plan = task.levels[level - 1]!;
  const seen = plan.tiles ?? plan.size;
  const shape = [batch, 3, seen.height, seen.width] as const;
  const blend: Blend = task.start.kind === "given" ? "uniform" : "feathered";
  const tiling = plan.tiles && { imageSize: plan.size, plan: plan.tiles, blend };
  const key = [
    passKey(network, layer, shape, provider),
    objective,
    network.scale.join(),
    JSON.stringify(tiling),
  ].join(" ");
  let bytes: Uint8Array | null = null;
  const model = (): Uint8Array => {
    if (bytes) return bytes;
    const pass = layerPass(network.model, layer, shape);
    bytes = encodeModel(ascentGraph({ pass, objective, provider, scale: network.scale, tiling }));
    return bytes;
  };
  return { key, model };
}

interface Chunk {
  readonly climbers: readonly Climber[];
  readonly level: number;
  readonly done: number;
  readonly count: number;
  /** [count, N] */
  readonly activations: Float32Array;
  /** [count, N] */
  readonly rms: Float32Array;
}

/** Appends a chunk to the traces, and stops images that cannot go on. */
function record({ climbers, level, done, count, activations, rms }: Chunk): void {
  climbers.forEach((climber, i) => {
    for (let k = 0; k < count && !climber.stop; k++) {
      const at = k * climbers.length + i;
      const [activation, gradient] = [activations[at]!, rms[at]!];
      const iteration = done + k + 1;
      if (!Number.isFinite(activation) || !Number.isFinite(gradient)) {
        const what = Number.isFinite(activation) ? "gradient" : "activation";
        climber.stop = { kind: "non-finite", what, level, iteration };
      } else if (gradient === 0 && level === 1 && iteration === 1) {
        climber.stop = { kind: "dead" };
      }
      climber.trace.push({ iteration, level, activation });
    }
  });
}

/** int64 [count, 2]; the same for every channel, so that grouping does not matter. */
function shiftsOf(task: DreamTask, plan: LevelPlan, level: number, done: number, count: number) {
  const data = new BigInt64Array(2 * count);
  if (task.start.kind !== "given") {
    const { seed } = task.start;
    for (let k = 0; k < count; k++) {
      const uniform = uniformFrom(
        "shift",
        seed,
        task.network.fingerprint,
        task.layer.value,
        level,
        done + k,
      );
      const along = (size: number, tile: number) => {
        const reach = Math.floor(tile * SHIFT_SHARE);
        const shift = Math.floor(uniform() * (2 * reach + 1)) - reach;
        return BigInt((shift + size) % size);
      };
      data[2 * k] = along(plan.size.height, plan.tiles!.height);
      data[2 * k + 1] = along(plan.size.width, plan.tiles!.width);
    }
  }
  return { type: "int64", shape: [count, 2], data } as const;
}

function oneHotRows(climbers: readonly Climber[], { layer }: DreamTask) {
  const channels = layer.channels!;
  const data = new Float32Array(climbers.length * channels);
  climbers.forEach(({ channel }, i) => {
    data[i * channels + channel] = 1;
  });
  return floatTensor([climbers.length, channels], data);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function floats(outputs: Feeds, name: string): Float32Array {
  const output = outputs[name];
  if (output?.type !== "float32") throw new Error(`internal: the graph has no output '${name}'`);
  return output.data;
}
