import type { Layer } from "./layers.ts";

/** The layers that read a layer, themselves or through others, in the order of the table. */
export function layersBehind(layer: Layer, layers: readonly Layer[]): readonly Layer[] {
  const reached = new Set([layer.index]);
  return layers.filter(({ index, inputs }) => {
    if (!inputs.some((read) => reached.has(read))) return false;
    reached.add(index);
    return true;
  });
}
