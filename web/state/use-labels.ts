import { listClasses } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { useLayers } from "./use-layer.ts";
import { useResource } from "./use-resource.ts";

/** Names of classes, where the layer has a channel for each, and behind it nothing is learned. */
export function useLabels(network: string, layer: LayerDocument | null) {
  const { value: classes } = useResource(network, () => listClasses(network));
  const { value: table } = useLayers(network);
  const isOfClasses =
    classes !== null &&
    table !== null &&
    layer?.channels === classes.classes.length &&
    !isLearnedBehind(layer, table.layers);
  const names = new Map(classes?.classes.map(({ channel, name }) => [channel, name]));
  return (channel: number) => (isOfClasses ? (names.get(channel) ?? null) : null);
}

/** Whether a layer with weights reads it, itself or through others. */
function isLearnedBehind(layer: LayerDocument, layers: readonly LayerDocument[]): boolean {
  const reached = new Set([layer.index]);
  return layers.some(({ index, inputs, learnableCount }) => {
    if (!inputs.some((read) => reached.has(read))) return false;
    reached.add(index);
    return learnableCount > 0;
  });
}
