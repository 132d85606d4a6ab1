import type { Size } from "../../image/raster.ts";
import { NetworkError } from "../../networks/errors.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../../networks/layers.ts";
import { layersBehind } from "../../networks/layers-behind.ts";
import { matchScores } from "../../onnx/channel-axis.ts";
import { specialise } from "../../onnx/static-graph.ts";
import { imageShapeOf } from "../../optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { RequestError } from "../request/request.ts";
import { requestedLayer } from "../request/requested-layer.ts";
import type { ClassLayer } from "./class-layer.ts";

/**
 * The layer whose channels a score is shared out among: the one that is named, or the last before
 * it that has a map of what is not classes yet.
 *
 * @throws RequestError for a layer that is not there, or that the score does not come of;
 *   NetworkError if there is none by itself
 */
export function attributedLayer(
  network: AnalysedNetwork,
  { layer: classes }: ClassLayer,
  reference: string | number | undefined,
): LayerWithChannels {
  if (reference !== undefined) {
    const layer = requestedLayer({ layer: reference }, network);
    if (!layersBetween(layer, classes, network).includes(classes)) {
      throw new RequestError([
        `layer: given ${reference}; '${classes.name}', which has the classes, does not come of it; choose a layer before that`,
      ]);
    }
    if (isInOnePart(layer)) return layer;
    throw new RequestError([
      `layer: given ${reference}; its output has each image in several parts; choose another layer`,
    ]);
  }
  const candidates = network.layers
    .filter(hasChannels)
    .filter((layer) => !network.problems.has(layer.index) && isInOnePart(layer))
    .filter((layer) => {
      const between = layersBetween(layer, classes, network);
      // behind the last that has learned something all channels are classes
      return between.includes(classes) && between.some(({ learnableCount }) => learnableCount > 0);
    });
  const { model, inputSize } = network.model;
  // attention has maps too, of tokens by tokens
  const betweenTokens = matchScores(specialise(model, imageShapeOf(model, 1, inputSize)));
  const ofImage = candidates.filter(({ value }) => !betweenTokens.has(value));
  const last =
    ofImage.findLast((layer) => hasMapOf(inputSize, layer, 2)) ??
    ofImage.findLast((layer) => hasMapOf(inputSize, layer, 1));
  if (last !== undefined) return last;
  throw new NetworkError(
    `${network.description.id}: no layer before '${classes.name}' has a map; name a layer`,
  );
}

/** The layers behind one as far as the classes, these too. */
function layersBetween(layer: Layer, classes: Layer, { layers }: AnalysedNetwork) {
  return layersBehind(layer, layers).filter(({ index }) => index <= classes.index);
}

function isInOnePart({ parts, batchAxis }: Layer): boolean {
  return parts === 1 && batchAxis === 0;
}

/**
 * Whether its channels are maps of an image, more than one place in its shape.
 *
 * @param least pixels of the image to a place, along each side
 */
function hasMapOf(image: Size, { shape, channelAxis }: LayerWithChannels, least: number): boolean {
  const [rows, columns, ...more] = shape?.slice(1).toSpliced(channelAxis - 1, 1) ?? [];
  if (rows === undefined || columns === undefined || more.length > 0) return false;
  const isShapedAlike = Math.abs(rows - (columns * image.height) / image.width) <= 1;
  return isShapedAlike && rows * columns > 1 && rows * least <= image.height;
}
