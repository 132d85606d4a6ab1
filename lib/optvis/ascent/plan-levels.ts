import type { Size } from "../../image/raster.ts";
import {
  imageShapeOf,
  type NetworkModel,
  shapeMismatch,
  type TargetLayer,
} from "../graph/layer-pass.ts";
import { type CropPlan, planCrops } from "../graph/transforms/crop-plan.ts";
import { pyramidSizes } from "./pyramid-sizes.ts";

/** Longest side, in pixels, that runs whole; beyond it memory would grow with the image. */
const WHOLE_UP_TO_PX = 640;
/** Side of a crop where the network leaves the choice. */
const CROP_SIDE_PX = 448;
/** Least share of a crop that its neighbours see too, so that blending has room. */
const OVERLAP_SHARE = 1 / 8;

/** One level of the pyramid: its size, and the crops it is seen through. */
export interface LevelPlan {
  readonly size: Size;
  /** `null`: the network sees the whole image at once. */
  readonly crops: CropPlan | null;
}

/** A level in its place in the pyramid. */
export interface Level extends LevelPlan {
  /** From 1. */
  readonly number: number;
}

/** The image is smaller than the layer needs. */
export class ImageTooSmallError extends Error {
  override readonly name = "ImageTooSmallError";

  /** @param smallest square image that works, in pixels a side */
  constructor(layer: string, { height, width }: Size, smallest: number | null) {
    const remedy =
      smallest === null
        ? "no size up to the network's own works"
        : `the smallest that works is ${smallest} x ${smallest}`;
    super(`an image of ${width} x ${height} pixels is too small for layer '${layer}'; ${remedy}`);
  }
}

export interface PyramidOptions {
  /** Size of level 1, in pixels. */
  readonly size: Size;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
  /** Least overlap of crops: a share of the crop, or the reference's none. @default shared */
  readonly overlap?: "shared" | "none";
}

/**
 * Sizes and crops of every level of the pyramid.
 *
 * A network with a fixed-size head (a classifier behind a pool of fixed size) sees crops of its own
 * input size wherever the image is larger.
 *
 * @throws ImageTooSmallError; ModelError for what no size can mend.
 */
export function planLevels(
  network: NetworkModel,
  layer: TargetLayer,
  { size, pyramidLevels, pyramidScale, overlap = "shared" }: PyramidOptions,
): readonly LevelPlan[] {
  return pyramidSizes(size, pyramidLevels, pyramidScale).map((levelSize) => {
    const crop = cropFor(network, layer, levelSize);
    if (crop === null) return { size: levelSize, crops: null };
    const margin =
      overlap === "none" ? 0 : Math.ceil(Math.min(crop.height, crop.width) * OVERLAP_SHARE);
    return { size: levelSize, crops: planCrops(levelSize, crop, margin) };
  });
}

/** Size of the crops that the level is seen through, or `null` where the network takes it whole. */
function cropFor(network: NetworkModel, layer: TargetLayer, size: Size): Size | null {
  const own = network.inputSize;
  const holdsOwn = size.height >= own.height && size.width >= own.width;
  const isLarge = Math.max(size.height, size.width) > WHOLE_UP_TO_PX;
  const wanted = isLarge
    ? {
        height: Math.min(CROP_SIDE_PX, size.height),
        width: Math.min(CROP_SIDE_PX, size.width),
      }
    : size;
  const mismatch = mismatchAt(network, layer, wanted);
  if (mismatch === null) return isLarge ? wanted : null;
  if (holdsOwn && mismatchAt(network, layer, own) === null) return own;
  const smallest = smallestSize(network, layer);
  if (smallest === null) throw mismatch;
  throw new ImageTooSmallError(layer.name, size, smallest);
}

function mismatchAt({ model }: NetworkModel, layer: TargetLayer, size: Size) {
  return shapeMismatch(model, layer, imageShapeOf(model, 1, size));
}

/** Smallest square image the layer can be computed on, up to the network's own size. */
function smallestSize(network: NetworkModel, layer: TargetLayer): number | null {
  const own = Math.max(network.inputSize.height, network.inputSize.width);
  const works = (side: number) =>
    mismatchAt(network, layer, { height: side, width: side }) === null;
  if (!works(own)) return null;
  let [tooSmall, enough] = [0, own];
  while (enough - tooSmall > 1) {
    const middle = Math.floor((tooSmall + enough) / 2);
    if (works(middle)) enough = middle;
    else tooSmall = middle;
  }
  return enough;
}
