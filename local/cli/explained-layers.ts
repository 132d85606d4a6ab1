import { hasChannels, type LayerWithChannels } from "../../lib/networks/layers.ts";
import { layersBehind } from "../../lib/networks/layers-behind.ts";
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
 * it that has a map.
 *
 * @throws LayerNotFoundError; UsageError for a layer that the score does not come of
 */
export function attributedLayer(
  network: AnalysedNetwork,
  { layer: classes }: ClassLayer,
  reference: string | undefined,
): LayerWithChannels {
  const leadsThere = (layer: LayerWithChannels) =>
    layersBehind(layer, network.layers).some(({ index }) => index === classes.index);
  if (reference !== undefined) {
    const layer = findLayerWithChannels(network, asReference(reference));
    if (!leadsThere(layer)) {
      throw new UsageError(
        `--layer ${reference}: '${classes.name}', which has the classes, does not come of it; choose a layer before that`,
      );
    }
    if (layer.parts === 1 && layer.batchAxis === 0) return layer;
    throw new UsageError(
      `--layer ${reference}: its output has each image in several parts; choose another layer`,
    );
  }
  const last = network.layers
    .filter(hasChannels)
    .filter(({ index, parts, batchAxis }) => {
      return !network.problems.has(index) && parts === 1 && batchAxis === 0;
    })
    .findLast((layer) => hasMap(layer) && leadsThere(layer));
  if (last !== undefined) return last;
  throw new UsageError(
    `${network.description.id}: no layer before '${classes.name}' has a map; choose one with --layer`,
  );
}

/** Whether its channels are maps, of more than one place. */
function hasMap({ shape, channelAxis }: LayerWithChannels): boolean {
  const sides = shape?.slice(1).toSpliced(channelAxis - 1, 1) ?? [];
  return sides.length === 2 && sides.some((side) => side > 1);
}
