import { classNamesOf, firstSynonym } from "../../networks/labels.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { type CompleteRequest, imageNumbers } from "./complete-request.ts";
import type { RenderRequest } from "./request.ts";
import type { SummedChannel } from "./summed-channels.ts";
import { targetLabel, targetUnits } from "./target-units.ts";

/** The label of each image; `null` of one without words. @param layer the request's own */
export function labelsOf(
  { montage }: RenderRequest,
  complete: CompleteRequest,
  layer: LayerWithChannels,
  network: AnalysedNetwork,
): (string | null)[] {
  const { labels: given } = montage;
  const classOf = classNamer(layer, network);
  const named = (channel: SummedChannel) => (given === "numbers" ? null : classOf(channel));
  const ofSum = (summed: SummedChannel) => {
    const other = summed.layer === null ? "" : network.layers[summed.layer - 1]!.name;
    return named(summed) ?? `${other}#${summed.channel}`;
  };
  const channels = imageNumbers(complete);
  const own = complete.targets
    ? targetUnits(complete.targets).map((unit) => targetLabel(unit, ofSum))
    : channels.map((channel) => named({ layer: null, channel }));
  const labels = Array.isArray(given) ? given : own;
  return channels.map((_, i) => labels[i] ?? null);
}

/** Finds a channel's class name, `null` where it has none; a layer's names are read once. */
function classNamer(own: LayerWithChannels, { layers, labels }: AnalysedNetwork) {
  const known = new Map<number, readonly string[] | null>();
  return ({ layer: index, channel }: SummedChannel): string | null => {
    const layer = index === null ? own : layers[index - 1]!;
    if (!known.has(layer.index)) {
      known.set(layer.index, classNamesOf(layer, layers, labels));
    }
    const name = known.get(layer.index)?.[channel - 1];
    return name === undefined ? null : firstSynonym(name);
  };
}
