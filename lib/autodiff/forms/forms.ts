import type { Attributes, Value } from "../../onnx/model.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";
import type { Convolution } from "../../onnx/operators/convolution.ts";
import type { Pool } from "../../onnx/operators/pool.ts";

/**
 * The operations that have more than one good form: what is fastest and safest to emit depends on
 * the execution provider. A rule writes the formula and asks for the form.
 *
 * One implementation per provider (`cpu.ts`, `cuda.ts`, `webgpu.ts`), bound to the graph that it
 * emits into.
 */
export interface Forms {
  /** 1 where X > 0, else 0. */
  readonly isPositive: (x: Value) => Value;
  /** 1 where A > B, else 0, for finite A and B. */
  readonly isGreater: (a: Value, b: Value) => Value;
  /** 1 where A = B exactly, else 0. */
  readonly isEqual: (a: Value, b: Value) => Value;
  /** One or more values of one shape added up. */
  readonly sum: (parts: readonly Value[]) => Value;
  /** A convolution in a quicker form than its own node, or `null` where there is none. */
  readonly conv: (inputs: readonly Value[], convolution: Convolution) => Value | null;
  /**
   * Data gradient of a convolution: each window of X receives its dY times the weight.
   *
   * @param dY [N, Co, ...] @returns [N, Ci, ...] with the input's lengths of `windows`
   */
  readonly convAdjoint: (dY: Value, convolution: ConvAdjoint) => Value;
  /**
   * A value [N, C, H, W] as runs of channels to be computed one after the other.
   *
   * @param reach how many channels beyond a run its elements depend on, at most
   */
  readonly channelRuns: (value: Value, reach: number) => readonly Value[];
  /** A value's runs, with as many channels each as the given ones. */
  readonly channelRunsLike: (value: Value, runs: readonly Value[]) => readonly Value[];
  /** The whole value from its runs. */
  readonly joined: (runs: readonly Value[]) => Value;
  /** bias + scale * (sum over a window of channels), for the runs of a value. */
  readonly windowSum: (runs: readonly Value[], window: ChannelWindow) => readonly Value[];
  /** Max pooling forward and back; the first of equal maxima takes the whole gradient. */
  readonly maxPool: (x: Value, pool: MaxPooling) => Pooled;
}

/** What the data gradient of a convolution depends on. */
export interface ConvAdjoint extends Pick<Convolution, "windows" | "group"> {
  /** [Co, Ci / group, ...]; a tensor enters the graph only if the form needs it unchanged. */
  readonly weight: Value | FloatTensor;
}

/** Channels c - before ... c + after around channel c; channels outside count as 0. */
export interface ChannelWindow {
  readonly before: number;
  readonly after: number;
  readonly scale: number;
  readonly bias: number;
}

export interface MaxPooling extends Pick<Pool, "windows"> {
  /** The MaxPool node's own, which say the same as `windows`. */
  readonly attributes: Attributes;
  /** Whether X is never negative and passes no gradient on where it is zero. */
  readonly isRectified: boolean;
}

export interface Pooled {
  readonly y: Value;
  readonly pullback: (dY: Value) => Value;
}
