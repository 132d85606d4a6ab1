import type { Provider } from "../../autodiff/provider.ts";
import type { Planes } from "../../image/raster.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import type { RandomKey } from "../random.ts";
import type { AscentResult, FailedChannel, TracePoint } from "./task.ts";

/** Iterations along the redirected gradient, for an image whose own is zero; as in Lucid. */
export const REVIVAL_ITERATIONS = 16;
/** Other seeds tried for an image whose whole gradient is zero. */
const MAX_RESTARTS = 16;

/**
 * What the ascent changes of one image, by the names that the graph carries them under: the image
 * itself, or the coefficients and moments that stand for it. Shapes are those of one image.
 */
export type Parameters = Readonly<Record<string, FloatTensor>>;

/** Which image begins. */
export interface Beginning {
  /** 1-based. */
  readonly channel: number;
  /** Place in the task, which may name a channel twice. */
  readonly position: number;
  /** How often it began anew from another seed, since those before gave no gradient. */
  readonly restarts: number;
}

/** Where a method's images begin. */
export interface Starts {
  /** Whether another seed gives another image. */
  readonly hasOtherSeeds: boolean;
  /** Whether a number's target points along nothing but zeros: no seed gives it a gradient. */
  readonly pointsNowhere: (channel: number) => boolean;
  readonly start: (beginning: Beginning, noise: NoiseSource) => Promise<Parameters>;
}

/** What draws the noise that images begin with. */
export interface NoiseSource {
  /** So many draws of the standard normal distribution. @param key what they are for */
  draw(count: number, key: RandomKey): Promise<Float32Array>;
}

/**
 * One image on its way through the stages. Never changed: every step makes the next state. It is
 * all that a later run needs to go on, bit for bit as if it had not been interrupted.
 */
export interface AscentState extends Beginning {
  /** None before the first stage. */
  readonly parameters: Parameters;
  readonly trace: readonly TracePoint[];
  /** `null`: it goes on. */
  readonly stop: Stop | null;
  /** Whether its first iterations follow the redirected gradient. */
  readonly isRevived: boolean;
  /**
   * Where it is drawn, once it was stopped: on another provider it begins anew. @default where all
   * of its task are
   */
  readonly provider?: Provider | undefined;
  /** Its share of the time its batches took. */
  readonly seconds: number;
  /** Index of the stage that its parameters are of; -1 before the first. */
  readonly stage: number;
  /** Iterations of that stage that are behind it. */
  readonly done: number;
}

/** Why an image went no further. */
export type Stop =
  | { readonly kind: "dead" }
  | {
      readonly kind: "non-finite";
      readonly what: "activation" | "gradient";
      readonly level: number;
      readonly iteration: number;
    };

/**
 * An image before the first stage, which it enters with what its method begins with: of those that
 * wait nothing is held.
 *
 * @param position place in the task's channels
 */
export function firstState(channel: number, position: number): AscentState {
  return {
    channel,
    position,
    parameters: {},
    trace: [],
    stop: null,
    restarts: 0,
    isRevived: false,
    seconds: 0,
    stage: -1,
    done: 0,
  };
}

/** Whether another seed may give the image a gradient. */
export function canRestart(starts: Starts, { stop, restarts, channel }: AscentState): boolean {
  const mayTry = stop?.kind === "dead" && starts.hasOtherSeeds && restarts < MAX_RESTARTS;
  return mayTry && !starts.pointsNowhere(channel);
}

/** The same channel begun anew from the next seed. */
export async function restarted(
  starts: Starts,
  state: AscentState,
  noise: NoiseSource,
): Promise<AscentState> {
  const next = { ...state, trace: [], stop: null, restarts: state.restarts + 1, isRevived: false };
  return { ...next, done: 0, parameters: await starts.start(next, noise) };
}

/** The same image begun anew, to follow the redirected gradient at first. */
export async function revived(
  starts: Starts,
  state: AscentState,
  noise: NoiseSource,
): Promise<AscentState> {
  const next = { ...state, trace: [], stop: null, isRevived: true };
  return { ...next, done: 0, parameters: await starts.start(next, noise) };
}

/** What one iteration showed of an image. */
export interface Measurement extends TracePoint {
  /** Root mean square of the gradient. */
  readonly gradientRms: number;
}

/** Appends iterations to the trace, up to the one after which the image cannot go on. */
export function recorded(state: AscentState, measured: readonly Measurement[]): AscentState {
  if (state.stop) return state;
  const firsts = state.isRevived ? [1, REVIVAL_ITERATIONS + 1] : [1];
  const stops = measured.map((point) => stopAfter(point, firsts));
  const last = stops.findIndex((stop) => stop !== null);
  const seen = last < 0 ? measured : measured.slice(0, last + 1);
  const points = seen.map(({ iteration, level, activation }) => ({ iteration, level, activation }));
  return { ...state, trace: [...state.trace, ...points], stop: stops[last] ?? null };
}

/** @param firsts iterations after which an image without any gradient is dead */
function stopAfter(
  { level, iteration, activation, gradientRms }: Measurement,
  firsts: readonly number[],
): Stop | null {
  const at = { kind: "non-finite", level, iteration } as const;
  if (!Number.isFinite(activation)) return { ...at, what: "activation" };
  if (!Number.isFinite(gradientRms)) return { ...at, what: "gradient" };
  return gradientRms === 0 && level === 1 && firsts.includes(iteration) ? { kind: "dead" } : null;
}

/** The end of an image that went through every stage. */
export function imageResult(
  { channel, trace, restarts, seconds }: AscentState,
  image: Planes,
): AscentResult {
  return { kind: "image", channel, image, trace, seconds, restarts };
}

/** The end of an image that was stopped on its way. */
export function failedResult(
  { pointsNowhere }: Pick<Starts, "pointsNowhere">,
  { channel, restarts, trace }: AscentState,
  stop: Stop,
): FailedChannel {
  const failed = (reason: string) => ({ kind: "failed", channel, reason }) as const;
  if (stop.kind === "non-finite") {
    return failed(`non-finite ${stop.what} at level ${stop.level}, iteration ${stop.iteration}`);
  }
  return failed(pointsNowhere(channel) ? NOWHERE : whyDead(restarts + 1, trace.at(-1)!.activation));
}

const NOWHERE =
  "the layer makes nothing but zeros of the target's image, or of that place of it, so there is no direction to follow; choose another layer";

/** @param starts images that were tried: of more than one some are noise */
function whyDead(starts: number, activation: number): string {
  const tried = starts === 1 ? "the starting image" : `${starts} starting images`;
  const or = starts === 1 ? ", or the image too even to begin with" : "";
  return `the gradient is zero everywhere, or its squares too small for float32, for ${tried}, where the activation is ${activation}; the channel may be dead, saturated, or as high as it can be${or}`;
}
