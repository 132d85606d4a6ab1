import { listLayers } from "../api/client.ts";
import type { LayerDocument, LayerTable } from "../api/documents.ts";
import { type Resource, useResource } from "./use-resource.ts";

const tables = new Map<string, Promise<LayerTable>>();

/** A network's table does not change while the page is open; a failure is not remembered. */
export function layersOf(network: string): Promise<LayerTable> {
  const known = tables.get(network);
  if (known !== undefined) return known;
  const table = listLayers(network);
  tables.set(network, table);
  table.catch(() => tables.delete(network));
  return table;
}

/** Of a network that is gone: the next of that name has other layers. */
export const forgetLayers = (network: string): void => void tables.delete(network);

/** @param name of the layer, its index, or one of its other names */
export function findLayer(layers: readonly LayerDocument[], name: string): LayerDocument | null {
  return (
    layers.find((each) => each.name === name) ??
    layers.find((each) => String(each.index) === name || each.aliases.includes(name)) ??
    null
  );
}

export interface FoundLayer {
  readonly layers: readonly LayerDocument[];
  /** `null` while the table is fetched, or where there is none of that name. */
  readonly layer: LayerDocument | null;
  readonly problems: readonly string[];
}

/** Its table. @param network `null`: none */
export const useLayers = (network: string | null): Resource<LayerTable> =>
  useResource(network, () => layersOf(network!));

/** @param name of the layer, its index, or one of its other names */
export function useLayer(network: string, name: string): FoundLayer {
  const table = useLayers(network);
  const layers = table.value?.layers ?? [];
  const layer = findLayer(layers, name);
  const isMissing = table.value !== null && layer === null;
  const problems = isMissing ? [`network '${network}' has no layer '${name}'`] : table.problems;
  return { layers, layer, problems };
}
