import type { FloatTensor } from "../../onnx/tensor.ts";
import { activationAtlas } from "../../optvis/activation-atlas/activation-atlas.ts";
import { placeCount } from "../../optvis/activation-atlas/sampled-vectors.ts";
import { PASSES } from "../../optvis/activation-atlas/self-organising-map.ts";
import { mapShapeAt } from "../../optvis/graph/layer-pass.ts";
import { ATLAS_GRID, PLACES_OF_PHOTOGRAPH } from "../limits.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "../request/request.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import { gatherActivations, type Sampling } from "./gather-activations.ts";
import { checkTakesPhotographs, type Looking } from "./look-at-photographs.ts";
import {
  type GivenImages,
  givenPhotographs,
  type LeftOut,
  type LeftOutImage,
  type Photograph,
} from "./photographs.ts";

export interface AtlasQuestion {
  /** Name or 1-based index. */
  readonly layer: string | number;
  /** Of pictures. @default 12 by 12 */
  readonly grid?: AtlasGrid | undefined;
  /** Of each image, as many places of the layer's map, at most. @default 16 */
  readonly places?: number | undefined;
  /** Of the places. @default 0 */
  readonly seed?: number | undefined;
}

export interface AtlasGrid {
  readonly columns: number;
  readonly rows: number;
}

/** How an atlas is made, all of it checked. */
export interface PlannedAtlas extends Sampling {
  readonly grid: AtlasGrid;
}

/**
 * Checks what is asked, before any photograph is looked at.
 *
 * @param photographs how many there are
 * @throws RequestError, NetworkError for what is not there, or would leave pictures blank
 */
export function planAtlas(
  network: AnalysedNetwork,
  { layer: reference, grid = ATLAS_GRID, places = PLACES_OF_PHOTOGRAPH, seed = 0 }: AtlasQuestion,
  photographs: number,
): PlannedAtlas {
  checkTakesPhotographs(network);
  const { model } = network;
  const layer = requestedLayer({ layer: reference }, network);
  const most = placeCount(mapShapeAt(model.model, layer, model.inputSize));
  checkEnough(Math.min(places, most) * photographs, grid);
  return { network, layer, grid, places, seed };
}

/**
 * Lays what a layer makes of photographs on a grid where neighbours are alike; see `activationAtlas`.
 *
 * @throws RequestError where too many photographs are left out; as `gatherActivations`
 */
export async function seekAtlas(
  photographs: readonly Photograph[],
  plan: PlannedAtlas,
  looking: Looking,
): Promise<{ readonly directions: FloatTensor; readonly leftOut: readonly LeftOut[] }> {
  const { columns, rows } = plan.grid;
  const { vectors, leftOut } = await gatherActivations(photographs, plan, looking);
  checkEnough(vectors.length, plan.grid);
  const tell = (done: number) => {
    looking.signal?.throwIfAborted();
    looking.onProgress?.({ step: "laying out the atlas", done, of: PASSES });
  };
  tell(0);
  const directions = activationAtlas(vectors, { width: columns, height: rows }, tell);
  return { directions, leftOut };
}

function checkEnough(vectors: number, { columns, rows }: AtlasGrid): void {
  const pictures = columns * rows;
  if (vectors >= pictures) return;
  throw new RequestError([
    `grid: given ${pictures} pictures; wanted at most ${vectors}, as many vectors as the layer has in the photographs; give more of these, more places of each, or a smaller grid`,
  ]);
}

export interface AskedOfAtlas extends AtlasQuestion {
  readonly images: GivenImages;
}

/** What a layer makes of images, laid on a grid, as programs read it. */
export interface LayerAtlas {
  readonly layer: { readonly index: number; readonly name: string };
  /** [C, rows, columns] */
  readonly shape: readonly number[];
  /** A direction of the layer for each place of the grid. */
  readonly data: Float32Array;
  readonly leftOut: readonly LeftOutImage[];
}

/** Lays what a layer makes of images on a grid. @throws as `planAtlas`, `seekAtlas` */
export async function layerAtlas(
  network: AnalysedNetwork,
  { images, ...question }: AskedOfAtlas,
  looking: Looking,
): Promise<LayerAtlas> {
  const { photographs, leftOutOf } = await givenPhotographs(images);
  const plan = planAtlas(network, question, photographs.length);
  const { directions, leftOut } = await seekAtlas(photographs, plan, looking);
  const { index, name } = plan.layer;
  const { shape, data } = directions;
  return { layer: { index, name }, shape, data, leftOut: leftOutOf(leftOut) };
}
