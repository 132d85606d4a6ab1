import { didYouMean } from "./did-you-mean.ts";
import { LayerNotFoundError } from "./errors.ts";
import { canonicalName } from "./layer-names.ts";
import type { Layer } from "./layers.ts";

/**
 * The layer with a 1-based index or a name. A number beyond all indices is a name: exporters call
 * values by numbers.
 *
 * A name is looked for as it is among names, then aliases, then with `/`, `-`, `.` and a trailing
 * `_1` treated alike; the first of these that finds anything decides.
 *
 * @throws LayerNotFoundError with the range, the nearest names or the candidates of an ambiguous
 *   name.
 */
export function findLayer(layers: readonly Layer[], reference: string | number): Layer {
  return typeof reference === "number" ? byIndex(layers, reference) : byName(layers, reference);
}

function byIndex(layers: readonly Layer[], index: number): Layer {
  const name = String(index);
  const layer =
    layers.find((candidate) => candidate.index === index) ??
    layers.find((candidate) => candidate.name === name) ??
    layers.find(({ aliases }) => aliases.includes(name));
  if (layer) return layer;
  throw new LayerNotFoundError(
    `there is no layer ${index}: indices are whole numbers from 1 to ${layers.length}`,
  );
}

function byName(layers: readonly Layer[], name: string): Layer {
  const wanted = canonicalName(name);
  const searches: readonly ((layer: Layer) => boolean)[] = [
    (layer) => layer.name === name,
    (layer) => layer.aliases.includes(name),
    (layer) => [layer.name, ...layer.aliases].some((each) => canonicalName(each) === wanted),
  ];
  for (const matches of searches) {
    const found = layers.filter(matches);
    if (found.length > 1) {
      const candidates = found.map((layer) => `${layer.index} '${layer.name}'`).join(", ");
      throw new LayerNotFoundError(
        `layer '${name}' is ambiguous: it may be ${candidates}; give the index or the full name`,
      );
    }
    if (found[0]) return found[0];
  }
  const known = layers.map((layer) => ({
    label: `'${layer.name}' (${layer.index})`,
    names: [layer.name, ...layer.aliases].map(canonicalName),
  }));
  const isIndex = /^[1-9]\d*$/.test(name) && Number(name) <= layers.length;
  const remedy = isIndex
    ? `an index is written without quotes: ${name}`
    : didYouMean(wanted, known) || "see the network's layer table";
  throw new LayerNotFoundError(`there is no layer '${name}' among ${layers.length}; ${remedy}`);
}
