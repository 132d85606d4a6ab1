import type { Planes } from "../../image/raster.ts";
import { startImage } from "./start.ts";
import type { AscentResult, AscentTask, TracePoint } from "./task.ts";

/** Other seeds tried for an image whose whole gradient is zero. */
const MAX_RESTARTS = 16;

/** One image on its way through the levels. Never changed: every step makes the next state. */
export interface AscentState {
  /** 1-based. */
  readonly channel: number;
  /** Place in the task, which may name a channel twice. */
  readonly position: number;
  readonly image: Planes;
  readonly trace: readonly TracePoint[];
  /** `null`: it goes on. */
  readonly stop: Stop | null;
  /** How often it began anew from another seed. */
  readonly restarts: number;
  /** Its share of the time its batches took. */
  readonly seconds: number;
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

/** @param position place in the task's channels */
export function firstState(task: AscentTask, channel: number, position: number): AscentState {
  const image = startImage(task, { channel, position, restarts: 0 });
  return { channel, position, image, trace: [], stop: null, restarts: 0, seconds: 0 };
}

/** Whether another seed may give the image a gradient. */
export function canRestart({ start }: AscentTask, { stop, restarts }: AscentState): boolean {
  return stop?.kind === "dead" && start.kind !== "given" && restarts < MAX_RESTARTS;
}

/** The same channel begun anew from the next seed. */
export function restarted(task: AscentTask, state: AscentState): AscentState {
  const next = { ...state, trace: [], stop: null, restarts: state.restarts + 1 };
  return { ...next, image: startImage(task, next) };
}

/** What one iteration showed of an image. */
export interface Measurement extends TracePoint {
  /** Root mean square of the gradient. */
  readonly gradientRms: number;
}

/** Appends iterations to the trace, up to the one after which the image cannot go on. */
export function recorded(state: AscentState, measured: readonly Measurement[]): AscentState {
  if (state.stop) return state;
  const stops = measured.map(stopAfter);
  const last = stops.findIndex((stop) => stop !== null);
  const seen = last < 0 ? measured : measured.slice(0, last + 1);
  const points = seen.map(({ iteration, level, activation }) => ({ iteration, level, activation }));
  return { ...state, trace: [...state.trace, ...points], stop: stops[last] ?? null };
}

function stopAfter({ level, iteration, activation, gradientRms }: Measurement): Stop | null {
  const at = { kind: "non-finite", level, iteration } as const;
  if (!Number.isFinite(activation)) return { ...at, what: "activation" };
  if (!Number.isFinite(gradientRms)) return { ...at, what: "gradient" };
  return gradientRms === 0 && level === 1 && iteration === 1 ? { kind: "dead" } : null;
}

export function resultOf(state: AscentState): AscentResult {
  const { channel, image, trace, stop, restarts, seconds } = state;
  if (!stop) return { kind: "image", channel, image, trace, seconds, restarts };
  const reason =
    stop.kind === "dead"
      ? `the gradient is zero everywhere, for ${restarts + 1} starting images; the channel may be dead`
      : `non-finite ${stop.what} at level ${stop.level}, iteration ${stop.iteration}`;
  return { kind: "failed", channel, reason };
}
