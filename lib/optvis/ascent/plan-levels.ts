import type { Size } from "../../image/raster.ts";
import { ShapeMismatchError } from "../../onnx/errors.ts";
import { layerPass, type NetworkModel, type TargetLayer } from "../graph/layer-pass.ts";
import { octaveSizes } from "./level-sizes.ts";
import { planTiles, type TilePlan } from "../graph/crops.ts";

/** Longest side, in pixels, that runs whole; beyond it memory would grow with the image. */
const WHOLE_UP_TO = 640;
/** Side of a tile where the network leaves the choice. */
const TILE_SIDE = 448;
/** Least share of a tile that its neighbours see too, so that blending has room. */
const OVERLAP_SHARE = 1 / 8;

/** One level of the pyramid: its size, and the tiles it is seen through. */
export interface LevelPlan {
  readonly size: Size;
  /** `null`: the network sees the whole image at once. */
  readonly tiles: TilePlan | null;
}

/** The image is smaller than the layer needs. */
export class ImageTooSmallError extends Error {
  override readonly name = "ImageTooSmallError";
  /** The smallest square image that works, in pixels a side. */
  readonly smallest: number | null;

  constructor(layer: string, { height, width }: Size, smallest: number | null) {
    const remedy =
      smallest === null
        ? "no size up to the network's own works"
        : `the smallest that works is ${smallest} x ${smallest}`;
    super(`an image of ${width} x ${height} pixels is too small for layer '${layer}'; ${remedy}`);
    this.smallest = smallest;
  }
}

export interface PyramidOptions {
  /** Size of level 1, in pixels. */
  readonly size: Size;
  readonly pyramidLevels: number;
  readonly pyramidScale: number;
  /** Least overlap of tiles: a share of the tile, or the reference's none. @default shared */
  readonly overlap?: "shared" | "none";
}

/**
 * Sizes and tiles of every level of the pyramid.
 *
 * A network with a fixed-size head (a classifier behind a pool of fixed size) sees tiles of its own
 * input size wherever the image is larger.
 *
 * @throws ImageTooSmallError; ModelError for what no size can mend.
 */
export function planLevels(
  network: NetworkModel,
  layer: Pick<TargetLayer, "value" | "name">,
  { size, pyramidLevels, pyramidScale, overlap = "shared" }: PyramidOptions,
): readonly LevelPlan[] {
  return octaveSizes(size, pyramidLevels, pyramidScale).map((levelSize) => {
    const tile = tileFor(network, layer, levelSize);
    if (tile === null) return { size: levelSize, tiles: null };
    const margin =
      overlap === "none" ? 0 : Math.ceil(Math.min(tile.height, tile.width) * OVERLAP_SHARE);
    return { size: levelSize, tiles: planTiles(levelSize, tile, margin) };
  });
}

/** Tile that the level is seen through, or `null` where the network takes it whole. */
function tileFor(
  network: NetworkModel,
  layer: Pick<TargetLayer, "value" | "name">,
  size: Size,
): Size | null {
  const own = network.inputSize;
  const holdsOwn = size.height >= own.height && size.width >= own.width;
  const isLarge = Math.max(size.height, size.width) > WHOLE_UP_TO;
  const wanted = isLarge
    ? { height: Math.min(TILE_SIDE, size.height), width: Math.min(TILE_SIDE, size.width) }
    : size;
  const mismatch = mismatchAt(network, layer, wanted);
  if (mismatch === null) return isLarge ? wanted : null;
  if (holdsOwn && mismatchAt(network, layer, own) === null) return own;
  const smallest = smallestSize(network, layer);
  if (smallest === null) throw mismatch;
  throw new ImageTooSmallError(layer.name, size, smallest);
}

/** Why the network does not take images of this size, or `null` if it does. */
function mismatchAt(
  { model }: NetworkModel,
  layer: Pick<TargetLayer, "value" | "name">,
  { height, width }: Size,
): ShapeMismatchError | null {
  try {
    layerPass(model, layer, [1, 3, height, width]);
    return null;
  } catch (error) {
    if (error instanceof ShapeMismatchError) return error;
    throw error;
  }
}

/** Smallest square image the layer can be computed on, up to the network's own size. */
function smallestSize(
  network: NetworkModel,
  layer: Pick<TargetLayer, "value" | "name">,
): number | null {
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
