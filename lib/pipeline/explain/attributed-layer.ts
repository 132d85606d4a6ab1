import { NetworkError } from "../../networks/errors.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../../networks/layers.ts";
import { layersBehind } from "../../networks/layers-behind.ts";
import { matchScores } from "../../onnx/channel-axis.ts";
import type { Value } from "../../onnx/model.ts";
import { operatorsNamed } from "../../onnx/node.ts";
import { atOwnSize } from "../../optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "../request/request.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import type { ClassLayer } from "./class-layer.ts";
import { gridOf, mapOnImage, type TokenGrid, tokenGrids } from "./token-grid.ts";

/** A layer whose channels a score is shared out among. */
export interface Attributable {
  readonly layer: LayerWithChannels;
  /** How its tokens lie on the image; `null` of a map, and of what does not lie on it. */
  readonly grid: TokenGrid | null;
}

/**
 * The layer that is named.
 *
 * @throws RequestError for a layer that is not there, or that the score does not come of
 */
export function namedLayer(
  network: AnalysedNetwork,
  { layer: classes }: ClassLayer,
  reference: string | number,
): Attributable {
  const layer = requestedLayer({ layer: reference }, network);
  if (layer.index === classes.index) {
    throw new RequestError([
      `layer: given ${reference}; it has the classes itself; choose a layer before it`,
    ]);
  }
  if (!layersBetween(layer, classes, network).includes(classes)) {
    throw new RequestError([
      `layer: given ${reference}; '${classes.name}', which has the classes, does not come of it; choose a layer before that`,
    ]);
  }
  if (!isInOnePart(layer)) {
    throw new RequestError([
      `layer: given ${reference}; its output has each image in several parts; choose another layer`,
    ]);
  }
  const { layers, model } = network;
  return { layer, grid: gridOf(layer, tokenGrids(layers, model.inputSize)) };
}

/**
 * Where a score may be shared out unless a layer is named: the layers that have places of the image
 * and no classes yet, the last first.
 *
 * @throws NetworkError if there is none
 */
export function attributableLayers(
  network: AnalysedNetwork,
  { layer: classes }: ClassLayer,
): readonly Attributable[] {
  const { layers, problems, description } = network;
  const { inputSize } = network.model;
  // attention has maps too, of tokens by tokens
  const betweenTokens = matchScores(atOwnSize(network.model));
  const candidates = layers
    .filter(hasChannels)
    .filter((layer) => !problems.has(layer.index) && isInOnePart(layer))
    .filter(({ value }) => !betweenTokens.has(value))
    .filter((layer) => {
      const between = layersBetween(layer, classes, network);
      // behind the last that has learned something all channels are classes
      return between.includes(classes) && between.some(({ learnableCount }) => learnableCount > 0);
    });
  const grids = tokenGrids(layers, inputSize);
  const withPlaces = (least: number) =>
    candidates.flatMap((layer): Attributable[] => {
      if (mapOnImage(inputSize, layer, least) !== null) return [{ layer, grid: null }];
      const grid = gridOf(layer, grids);
      if (grid === null || grid.rows * least > inputSize.height) return [];
      return isReadByAttentionAlone(layer, layers, betweenTokens) ? [] : [{ layer, grid }];
    });
  // a pixel to a place is no layer to draw, unless there is no other
  const [coarse, fine] = [withPlaces(2), withPlaces(1)];
  const found = (coarse.length > 0 ? coarse : fine).toReversed();
  if (found.length === 0) {
    const named = candidates.at(-1)?.name;
    throw new NetworkError(
      named === undefined
        ? `${description.id}: there is no layer between the image and '${classes.name}', which has the classes`
        : `${description.id}: no layer before '${classes.name}' has a map; name a layer, such as '${named}'`,
    );
  }
  return found;
}

/** The layers behind one as far as the classes, these too. */
function layersBetween(layer: Layer, classes: Layer, { layers }: AnalysedNetwork) {
  return layersBehind(layer, layers).filter(({ index }) => index <= classes.index);
}

function isInOnePart({ parts, batchAxis }: Layer): boolean {
  return parts === 1 && batchAxis === 0;
}

/** Operators that multiply matrices, by weights or by one another. */
const PRODUCTS = operatorsNamed("Attention Conv Einsum Gemm MatMul MultiHeadAttention");

/**
 * Whether tokens are queries, keys or values of attention, and nothing else: what they were made of
 * has the same places, in channels that say more.
 */
function isReadByAttentionAlone(
  tokens: Layer,
  layers: readonly Layer[],
  betweenTokens: ReadonlySet<Value>,
): boolean {
  const reached = new Set([tokens.index]);
  let isRead = false;
  for (const { index, inputs, type, learnableCount, value } of layers) {
    if (!inputs.some((input) => reached.has(input))) continue;
    // a query may be learned, and no activation
    const isByWeights = learnableCount > 0 && !betweenTokens.has(value);
    if (!PRODUCTS.has(type)) reached.add(index);
    else if (isByWeights) return false;
    else isRead = true;
  }
  return isRead && !reached.has(layers.length);
}
