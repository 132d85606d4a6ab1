import type { Provider } from "../../autodiff/provider.ts";
import type { Value } from "../../onnx/model.ts";
import type { Planes, Size } from "../../image/raster.ts";
import type { CountedLayer, NetworkModel } from "../graph/layer-pass.ts";
import type { Diversity } from "../graph/objective/diversity.ts";
import type { Objective } from "../graph/objective/names.ts";
import type { FourierRecipe } from "./fourier-recipe.ts";
import type { LevelPlan } from "./plan-levels.ts";
import type { Target } from "./target.ts";

/** Several channels of one layer, to be rendered with the same options. */
export type AscentTask = DeepDreamTask | FourierTask;

interface AnyTask {
  readonly network: NetworkModel;
  readonly layer: CountedLayer;
  /** Raised in place of the layer's output where channels are. @default the output */
  readonly raised?: Value | undefined;
  /** 1-based: the layer's channels, or numbers of the targets. */
  readonly channels: readonly number[];
  /**
   * What the numbers stand for; `null` for one that is not asked for.
   *
   * @default the layer's channels
   */
  readonly targets?: readonly (Target | null)[] | null | undefined;
  /** What is raised of a map; targets that are no map's have an objective of their own. */
  readonly objective: Objective;
  /** @default images that know nothing of each other */
  readonly diversity?: Diversity | null | undefined;
  readonly provider: Provider;
  /** What the card has free, before anything of it is taken. @default not known */
  readonly freeBytes?: number | null | undefined;
}

/** deepDreamImage's ascent: the pixels, level by level of a pyramid of sizes. */
export interface DeepDreamTask extends AnyTask {
  readonly method: "deepdream";
  readonly levels: readonly LevelPlan[];
  /** Per level. */
  readonly iterations: number;
  readonly start: Start;
}

/** Lucid's ascent through random crops: of Fourier coefficients, their phases, ellipses or weights. */
export interface FourierTask extends AnyTask {
  readonly method: "fourier";
  readonly seed: number;
  readonly recipe: FourierRecipe;
}

/**
 * Where the images begin, and how a level's result becomes the next level's start.
 *
 * All images are planes in the network's channel order, in units of 0..255 less the network's mean.
 */
export type Start =
  /** Standard-normal noise of each channel's own on mid-grey; crops shift at random. */
  | { readonly kind: "noise"; readonly seed: number }
  /** One photograph for all channels, whose detail is kept from level to level. */
  | { readonly kind: "photograph"; readonly seed: number; readonly image: Planes }
  /** One image for each channel, and nothing random: for checks against the reference. */
  | { readonly kind: "given"; readonly images: readonly Planes[] };

/** Activation strength of one image in one iteration. */
export interface TracePoint {
  /** 1 to the number of iterations, counted anew in each level, as deepDreamImage prints it. */
  readonly iteration: number;
  /** Pyramid level, from 1. */
  readonly level: number;
  /** Mean of the channel's map before the update. */
  readonly activation: number;
}

export interface AscentImage {
  readonly kind: "image";
  /** 1-based. */
  readonly channel: number;
  readonly image: Planes;
  /** The same as an SVG document, of one in ellipses. @default there is none */
  readonly svg?: string | undefined;
  readonly trace: readonly TracePoint[];
  readonly seconds: number;
  /** How often another seed was needed because the gradient was zero everywhere. */
  readonly restarts: number;
}

/** The channel cannot be rendered, and trying again would not change that. */
export interface FailedChannel {
  readonly kind: "failed";
  /** 1-based. */
  readonly channel: number;
  readonly reason: string;
}

export type AscentResult = AscentImage | FailedChannel;

export interface AscentProgress extends TracePoint {
  /** 1-based. */
  readonly channel: number;
}

/** An image on its way through its ascent. */
export interface AscentFrame {
  /** 1-based. */
  readonly channel: number;
  /** Iterations behind it, of all levels; 0: the image begins so. */
  readonly iteration: number;
  /** As in `AscentImage`, of the size that its level has, or the one that is wanted. */
  readonly image: Planes;
}

/** Looks at images on their way, which changes nothing of them. */
export interface FrameHook {
  /** How often at most, evenly over the iterations, the beginning and the end included. */
  readonly count: number;
  /**
   * How large it wants an image of such a size: it comes so where that is less work.
   *
   * @default as large as it is
   */
  readonly wantedSize?: ((image: Size) => Size) | undefined;
  /** All but the end, which is the result; anew from 0 where an image begins anew. Awaited. */
  readonly take: (frame: AscentFrame) => Promise<void>;
}

/**
 * Place of a channel on axis 1 of its layer. Channels are 1-based in requests, keys, tasks and
 * results; here, where tensors and seeds are made, they become 0-based.
 */
export function channelPlace(channel: number): number {
  return channel - 1;
}
