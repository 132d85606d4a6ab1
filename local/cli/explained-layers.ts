import type { Size } from "../../lib/image/raster.ts";
import { hasChannels, type Layer, type LayerWithChannels } from "../../lib/networks/layers.ts";
import { layersBehind } from "../../lib/networks/layers-behind.ts";
import { matchScores } from "../../lib/onnx/channel-axis.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { imageShapeOf } from "../../lib/optvis/graph/layer-pass.ts";
import type { ChannelKind } from "../../lib/optvis/quality/source-figures.ts";
import { findLayerWithChannels } from "../../lib/pipeline/networks/layer-problems.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { channelKind } from "../../lib/pipeline/render/channel-kind.ts";
import { layerRoles } from "../../lib/pipeline/request/layer-role.ts";
import { asReference } from "./network.ts";
import { UsageError } from "./user-errors.ts";

/** The layer whose channels are classes, or that comes nearest to it. */
export interface ClassLayer {
  readonly layer: LayerWithChannels;
  readonly kind: ChannelKind;
}

/**
 * Where a network's scores are: logits rather than the probabilities that softmax makes of them, as
 * these have no slope where they are near 1; in a network without classes what it ends in, if that
 * is of the whole image.
 */
export function classLayerOf(network: AnalysedNetwork): ClassLayer {
  const { layers, problems, model } = network;
  const renderable = layers.filter(hasChannels).filter(({ index }) => !problems.has(index));
  const roleOf = layerRoles(model.model.graph);
  const isEnd = (layer: LayerWithChannels) =>
    layersBehind(layer, layers).every(({ learnableCount }) => learnableCount === 0);
  const candidates = renderable
    .filter((layer) => roleOf(layer) === "whole" && isEnd(layer))
    .map((layer) => ({ layer, kind: channelKind({ network, layer: layer.index }) }));
  const found =
    candidates.findLast(({ kind }) => kind === "logits" || kind === "multi-label logits") ??
    candidates.findLast(({ kind }) => kind === "probabilities") ??
    candidates.at(-1);
  if (found !== undefined) return found;
  throw new UsageError(
    `${network.description.id}: it does not end in classes, or in anything else of the whole image, that could be explained; see dreamgrid analyze`,
  );
}

/**
 * The layer whose channels a score is shared out among: the one that is named, or the last before
 * it that has a map of what is not classes yet.
 *
 * @throws LayerNotFoundError; UsageError for a layer that the score does not come of
 */
export function attributedLayer(
  network: AnalysedNetwork,
  { layer: classes }: ClassLayer,
  reference: string | undefined,
): LayerWithChannels {
  if (reference !== undefined) {
    const layer = findLayerWithChannels(network, asReference(reference));
    if (!layersBetween(layer, classes, network).includes(classes)) {
      throw new UsageError(
        `--layer ${reference}: '${classes.name}', which has the classes, does not come of it; choose a layer before that`,
      );
    }
    if (isInOnePart(layer)) return layer;
    throw new UsageError(
      `--layer ${reference}: its output has each image in several parts; choose another layer`,
    );
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
  throw new UsageError(
    `${network.description.id}: no layer before '${classes.name}' has a map; choose one with --layer`,
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
