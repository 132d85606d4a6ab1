import type { Ref } from "preact";
import { useRef } from "preact/hooks";

import type { LayerDocument } from "../api/documents.ts";
import { counted } from "../components/counted.ts";
import { useKeptScroll } from "../state/kept.ts";
import type { LayerSearch } from "../state/layer-search.ts";
import { address } from "../state/router.ts";

interface LayerTableProps {
  readonly network: string;
  readonly layers: readonly LayerDocument[];
  readonly search: LayerSearch;
  readonly searchField: Ref<HTMLInputElement>;
}

/** The layer table, to be searched by names, types and sizes. */
export function LayerTable({ network, layers, search, searchField }: LayerTableProps) {
  const { words, setWords, isRenderable, setRenderable, found } = search;
  const scroll = useRef<HTMLDivElement>(null);
  useKeptScroll("table", scroll);
  return (
    <section class="layer-table" aria-label="Layers">
      <div class="row">
        <label>
          <span class="unseen">Search layers</span>
          <input
            ref={searchField}
            type="search"
            placeholder="Search names, types, sizes"
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </label>
        <label class="row">
          <input
            type="checkbox"
            checked={isRenderable}
            onChange={({ currentTarget }) => setRenderable(currentTarget.checked)}
          />
          can be rendered
        </label>
        <span class="quiet" role="status">
          {found.length} of {layers.length}
        </span>
      </div>
      <div ref={scroll} class="scroll" tabIndex={0} role="region" aria-label="Layer table">
        <table>
          <thead>
            <tr>
              <th class="number">#</th>
              <th>Layer</th>
              <th>Type</th>
              <th class="number">Channels</th>
              <th>Size</th>
              <th class="number">Learnables</th>
              <th>Other names</th>
            </tr>
          </thead>
          <tbody>
            {found.map((layer) => (
              <LayerRow key={layer.index} network={network} layer={layer} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Characters; longer names are written in several lines. */
const LONG_NAME = 56;

function LayerRow({ network, layer }: { readonly network: string; readonly layer: LayerDocument }) {
  const { index, name, type, channels, activations, learnables, aliases, problem } = layer;
  const long = name.length > LONG_NAME ? { class: "long" } : {};
  const weights = learnables.map((each) => `${each.name} ${each.shape.join(" × ")}`).join("\n");
  return (
    <tr id={`layer-${index}`}>
      <td class="number quiet">{index}</td>
      <td>
        {index > 1 ? (
          <a {...long} href={address.layer(network, name)}>
            {name}
          </a>
        ) : (
          <span {...long}>{name}</span>
        )}
        {problem !== null && <div class="reason quiet">{problem}</div>}
      </td>
      <td>{type}</td>
      <td class="number">{channels ?? ""}</td>
      <td class="nowrap">{activations?.join(" × ") ?? "unknown"}</td>
      <td class="number" title={weights}>
        {layer.learnableCount === 0 ? "" : counted(layer.learnableCount)}
      </td>
      <td class="aliases quiet" title={aliases.join("\n")}>
        {aliases.join(", ")}
      </td>
    </tr>
  );
}
