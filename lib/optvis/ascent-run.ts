import type { Size } from "../image/raster.ts";
import { resizeBilinear } from "../image/resize.ts";
import { encodeModel } from "../onnx/encode.ts";
import { floatTensor, sizeOf } from "../onnx/tensor.ts";
import { ascentGraph, type AscentSpecification } from "./ascent-graph.ts";
import type { DreamHooks, DreamTask, Planes, TracePoint } from "./deep-dream.ts";
import { layerPass, passKey } from "./layer-pass.ts";
import type { LevelPlan } from "./plan-levels.ts";
import { standardNormal, uniformFrom } from "./random.ts";
import type { Feeds } from "./session.ts";
import type { SessionLane } from "./session-lane.ts";

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
  image: Planes;
  readonly trace: TracePoint[];
  stop: Stop | null;
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
  climbers: readonly Climber[],
  level: number,
  hooks: DreamHooks,
): Promise<void> {
  const plan = task.levels[level - 1]!;
  const selection = oneHotRows(climbers, task);
  const compiled = compile(task, plan, climbers.length);
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
    for (const { channel, stop, trace } of climbers) {
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

/** The key of a level's graph, and its bytes when a lane has to compile it. */
function compile(task: DreamTask, plan: LevelPlan, batch: number) {
  const { network, layer, objective, provider } = task;
  const seen = plan.tiles ?? plan.size;
  const isGiven = task.start.kind === "given";
  const shape = [batch, 3, seen.height, seen.width] as const;
  const sizeKey = `${plan.size.height}x${plan.size.width}`;
  const blend = isGiven ? "uniform" : "feathered";
  const key = [
    passKey(network, layer, shape, provider),
    objective,
    sizeKey,
    plan.tiles?.origins.join(";"),
    blend,
  ].join(" ");
  const model = (): Uint8Array => {
    const specification: AscentSpecification = {
      pass: layerPass(network.model, layer, shape),
      objective,
      provider,
      scale: network.scale,
      tiling: plan.tiles && { imageSize: plan.size, plan: plan.tiles, blend },
    };
    return encodeModel(ascentGraph(specification));
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

/** Noise of one channel: N(0, 1) per value, the same whatever the batch and the machine. */
export function noise(task: DreamTask, seed: number, channel: number, size: Size): Planes {
  const uniform = uniformFrom(
    "noise",
    seed,
    task.network.fingerprint,
    task.layer.value,
    channel,
    1,
  );
  return { ...size, data: standardNormal(3 * sizeOf([size.height, size.width]), uniform) };
}

export function resizePlanes({ height, width, data }: Planes, size: Size): Planes {
  return { ...size, data: resizeBilinear(data, [3, height, width], size) };
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
