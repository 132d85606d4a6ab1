import type { FloatTensor } from "../../onnx/tensor.ts";
import type { CountedLayer } from "../graph/layer-pass.ts";
import type { Diversity } from "../graph/objective/diversity.ts";
import type { LevelPlan } from "./plan-levels.ts";

/** What an image raises on the layer, where that is not one of its channels alone. */
export interface Target {
  /** Names it in random draws: what has the same name begins alike. */
  readonly drawnAs: string | number;
  readonly aim: Aim;
  /** `null`: the image knows nothing of others. */
  readonly among: Among | null;
  /** What is looked at in place of the task's layer. @default the task's layer */
  readonly elsewhere?: Elsewhere | undefined;
}

/** A layer of a target's own, or several joined, of which a map's channels are raised. */
export interface Elsewhere {
  readonly layer: CountedLayer;
  /** With `deepdream`: as this layer needs them. */
  readonly levels?: readonly LevelPlan[] | undefined;
}

export type Aim =
  | {
      readonly kind: "channels";
      /** 1-based channels and what each counts; negative is wanted low. */
      readonly weights: ReadonlyMap<number, number>;
      /** `null`: the whole map; else one place of it, see `Place`. */
      readonly place: Place | null;
    }
  | {
      readonly kind: "direction";
      /** [C], the same at each place, or [C, H, W], resized to the map that the network gives. */
      readonly vector: FloatTensor;
      /** How much the angle counts besides the length; 0: not at all. */
      readonly cosinePower: number;
    }
  | { readonly kind: "layer" };

/** A place of a map as shares of its width and height, 0 to 1, so that it holds for every size. */
export type Place = readonly [x: number, y: number];

/** The middle, rounded up. */
export const CENTRE: Place = [0.5, 0.5];

/** Which of a map's pixels, row by row, is at a place. */
export function pixelAt([x, y]: Place, [height, width]: readonly [number, number]): number {
  const within = (share: number, length: number) =>
    Math.min(length - 1, Math.floor(share * length));
  return within(y, height) * width + within(x, width);
}

/** One of several images of one target, which are to differ; they have numbers in a row. */
export interface Among extends Diversity {
  /** Which of them it is, from 0. */
  readonly index: number;
}
