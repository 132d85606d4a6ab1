import type { Size } from "../../image/raster.ts";
import type { Provider } from "../../autodiff/provider.ts";
import type { NetworkModel, TargetLayer } from "../graph/layer-pass.ts";
import type { Objective } from "../graph/objectives.ts";
import type { LevelPlan } from "./plan-levels.ts";

/** Three planes in the network's channel order; pixels in units of 0..255 less the network's mean. */
export interface Planes extends Size {
  readonly data: Float32Array;
}

export interface TracePoint {
  /** 1 to the number of iterations, in each level. */
  readonly iteration: number;
  /** Pyramid level, from 1. */
  readonly level: number;
  /** Mean of the channel's map before the update. */
  readonly activation: number;
}

/** An ascent of several channels of one layer. */
export interface DreamTask {
  readonly network: NetworkModel;
  readonly layer: TargetLayer;
  /** 0-based. */
  readonly channels: readonly number[];
  readonly levels: readonly LevelPlan[];
  readonly objective: Objective;
  readonly iterations: number;
  readonly start: Start;
  readonly provider: Provider;
}

/** Where the images begin, and how a level's result becomes the next level's start. */
export type Start =
  /** Standard-normal noise of each channel's own; tiles shift at random. */
  | { readonly kind: "noise"; readonly seed: number }
  /** One photograph for all channels, whose detail is kept from level to level. */
  | { readonly kind: "photograph"; readonly seed: number; readonly image: Planes }
  /** One image for each channel, and nothing random: for checks against the reference. */
  | { readonly kind: "given"; readonly images: readonly Planes[] };

export type ChannelDream =
  | {
      readonly kind: "image";
      /** 0-based. */
      readonly channel: number;
      readonly image: Planes;
      readonly trace: readonly TracePoint[];
      readonly seconds: number;
      /** How often another seed was needed because the gradient was zero everywhere. */
      readonly restarts: number;
    }
  | { readonly kind: "failed"; readonly channel: number; readonly reason: string };

export interface DreamProgress {
  /** 0-based. */
  readonly channel: number;
  readonly level: number;
  readonly iteration: number;
  readonly activation: number;
}

export interface DreamHooks {
  readonly signal?: AbortSignal;
  /** Called after every chunk of iterations, for its last one. */
  readonly onProgress?: (progress: DreamProgress) => void;
  /** Called once for each channel, as it ends; awaited. */
  readonly onChannel?: (dream: ChannelDream) => Promise<void>;
}
