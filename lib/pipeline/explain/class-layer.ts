import { classNamesOf, firstSynonym } from "../../networks/labels.ts";
import { hasChannels, type LayerWithChannels } from "../../networks/layers.ts";
import { layersBehind } from "../../networks/layers-behind.ts";
import { NetworkError } from "../../networks/errors.ts";
import type { ChannelKind } from "../../optvis/quality/source-figures.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { channelKind } from "../render/channel-kind.ts";
import { layerChannels, selectChannel } from "../request/channel-selection.ts";
import { layerRoles } from "../request/layer-role.ts";
import { RequestError } from "../request/request.ts";

/** The layer whose channels are classes, or that comes nearest to it. */
export interface ClassLayer {
  readonly layer: LayerWithChannels;
  readonly kind: ChannelKind;
}

/**
 * Where a network's scores are: logits rather than the probabilities that softmax makes of them, as
 * these have no slope where they are near 1; in a network without classes what it ends in, if that
 * is of the whole image.
 *
 * @throws NetworkError if there is none, or no gradient leads back from any: it names the operator
 *   in the way
 */
export function classLayerOf(network: AnalysedNetwork): ClassLayer {
  const { layers, problems, description } = network;
  const ends = endsOf(network);
  const candidates = candidatesOf(ends, network);
  const found =
    candidates.findLast(({ kind }) => kind === "logits" || kind === "multi-label logits") ??
    candidates.findLast(({ kind }) => kind === "probabilities") ??
    candidates.at(-1);
  if (found !== undefined) return found;
  // the first behind the obstacle: of those behind it the message would be about another
  const obstructed = ends[0] ?? layers.find(({ index }) => index === layers.length);
  const problem = problems.get(obstructed?.index ?? 0);
  throw new NetworkError(
    problem === undefined
      ? `${description.id}: it does not end in classes, or in anything else of the whole image, that could be explained; see dreamgrid analyze`
      : `${description.id}: what it ends in, layer '${obstructed!.name}', cannot be explained: ${problem}`,
  );
}

/**
 * Layers that could as well be that of the classes: a network may end in several, of which it takes
 * the last. None where it is the one whose classes have names.
 */
export function otherClassLayers(
  { layer, kind }: ClassLayer,
  network: AnalysedNetwork,
): readonly LayerWithChannels[] {
  const { layers, labels } = network;
  if (classNamesOf(layer, layers, labels) !== null) return [];
  const behind = layersBehind(layer, layers);
  return candidatesOf(endsOf(network), network)
    .filter((other) => other.kind === kind && other.layer !== layer)
    .map((other) => other.layer)
    .filter((other) => !behind.includes(other) && !layersBehind(other, layers).includes(layer));
}

/** What says something of the whole image, and behind which nothing is learned. */
function endsOf({ layers, model }: AnalysedNetwork): readonly LayerWithChannels[] {
  const roleOf = layerRoles(model.model.graph);
  const isEnd = (layer: LayerWithChannels) =>
    layersBehind(layer, layers).every(({ learnableCount }) => learnableCount === 0);
  return layers
    .filter(hasChannels)
    .filter((layer) => layer.type !== "Input" && roleOf(layer) === "whole" && isEnd(layer));
}

/** Those that a gradient leads back from. */
function candidatesOf(
  ends: readonly LayerWithChannels[],
  network: AnalysedNetwork,
): readonly ClassLayer[] {
  return ends
    .filter(({ index }) => !network.problems.has(index))
    .map((layer) => ({ layer, kind: channelKind({ network, layer: layer.index }) }));
}

/** @returns the 1-based channel that a class's name or number means @throws RequestError for none */
export function classChannelOf(
  word: string | number,
  { layer }: ClassLayer,
  network: AnalysedNetwork,
): number {
  const found = selectChannel(word, "class", layerChannels(layer, network));
  if ("problem" in found) throw new RequestError([found.problem]);
  return found.channel;
}

/** @returns what a class of a 1-based channel is called: its name, or "#" and its number */
export function classLabels({ layer }: Pick<ClassLayer, "layer">, network: AnalysedNetwork) {
  const { classNames } = layerChannels(layer, network);
  return (channel: number): string => firstSynonym(classNames?.[channel - 1] ?? `#${channel}`);
}
