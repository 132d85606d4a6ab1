import type { LayerDocument } from "../api/documents.ts";

/**
 * The layers that a layer comes of, itself or through others, that have channels: the nearest first.
 */
export function layersBefore(
  { inputs }: LayerDocument,
  layers: readonly LayerDocument[],
): readonly LayerDocument[] {
  const found = new Set(inputs);
  return layers.toReversed().filter((layer) => {
    if (!found.has(layer.index)) return false;
    for (const input of layer.inputs) found.add(input);
    return layer.channels !== null;
  });
}
