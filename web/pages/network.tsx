import { useRef } from "preact/hooks";

import { listLayers, listNetworks } from "../api/client.ts";
import type { LayerDocument, LayerTable as Table, NetworkDocument } from "../api/documents.ts";
import { counted, megabytes } from "../components/counted.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { AskWhy } from "../parts/ask-why.tsx";
import { LayerTable } from "../parts/layer-table.tsx";
import { NetworkGraph } from "../parts/network-graph.tsx";
import { Path } from "../parts/path.tsx";
import { RemoveNetwork } from "../parts/remove-network.tsx";
import { useLayerSearch } from "../state/layer-search.ts";
import { address } from "../state/router.ts";
import { useResource } from "../state/use-resource.ts";
import { useSending } from "../state/use-sending.ts";

/** A network: its graph beside its layers. */
export function NetworkPage({ network }: { readonly network: string }) {
  const table = useResource(network, () => listLayers(network));
  const layers = table.value?.layers ?? [];
  const networks = useResource("networks", listNetworks);
  const removal = useSending();
  const about = networks.value?.networks.find(({ id }) => id === network) ?? null;
  return (
    <>
      <div class="heading">
        <div>
          <Path />
          <h1>{network}</h1>
          {/* there before it is known, so that nothing moves when it comes */}
          <p class="quiet">
            {about === null ? "\u00a0" : <About {...about} planes={layers[0]?.channels} />}
          </p>
          <p class="quiet">{table.value === null ? "\u00a0" : <Sizes {...table.value} />}</p>
        </div>
        <div class="row">
          {layers.length > 0 && <Totals layers={layers} />}
          {/* one that cannot be used, too */}
          {about?.removable === true && <RemoveNetwork network={network} removal={removal} />}
          {layers.length > 0 && (
            <a class="button primary" href={address.atlas(network)}>
              Atlas
            </a>
          )}
        </div>
      </div>
      <Problems problems={[...table.problems, ...removal.problems]} />
      <Looking at={table}>looking at its layers</Looking>
      {layers.length > 0 && (
        <AskWhy
          network={network}
          hint="or drop one anywhere on this page: what the network sees in it, by which channels, and where"
        >
          Choose a photograph
        </AskWhy>
      )}
      {layers.length > 0 && <GraphAndTable network={network} layers={layers} />}
    </>
  );
}

interface GraphAndTableProps {
  readonly network: string;
  readonly layers: readonly LayerDocument[];
}

/** What is looked for in the table is marked in the graph. */
function GraphAndTable({ network, layers }: GraphAndTableProps) {
  const search = useLayerSearch(layers);
  const searchField = useRef<HTMLInputElement>(null);
  return (
    <div class="graph-and-table">
      <NetworkGraph
        network={network}
        layers={layers}
        found={search.words.trim() === "" ? NONE : search.found}
        onSkip={() => searchField.current?.focus()}
      />
      <LayerTable network={network} layers={layers} search={search} searchField={searchField} />
    </div>
  );
}

const NONE: readonly LayerDocument[] = [];

interface AboutProps extends NetworkDocument {
  /** Of the image; not yet known where it is left out. */
  readonly planes: number | null | undefined;
}

function About({ input, licence, removable, planes }: AboutProps) {
  const { width, height, channelOrder, assumed } = input;
  return (
    <>
      {width} × {height} px{channelOrder === "planes" ? planesText(planes) : `, ${channelOrder}`}
      {assumed !== null && <>; its pixels are taken to be {assumed}</>}
      {assumed !== null && removable && <> (to say otherwise, remove it and add it again)</>}
      {licence !== "unknown" && <>; licence: {licence}</>}
    </>
  );
}

function planesText(planes: AboutProps["planes"]): string {
  if (planes === undefined || planes === null) return "";
  return planes === 1 ? ", grey" : `, ${planes} planes without colours`;
}

/** "1.8M learnables, 641M multiply-adds, 7.4 MB, opset 13, written by pytorch 2.4" */
function Sizes({ file: { sizeBytes, producer, opsets }, layers }: Table) {
  const learnables = layers.reduce((sum, { learnableCount }) => sum + learnableCount, 0);
  const multiplyAdds = layers.reduce((sum, layer) => sum + (layer.multiplyAdds ?? 0), 0);
  const parts = [
    `${counted(learnables)} learnables`,
    ...(multiplyAdds === 0 ? [] : [`${counted(multiplyAdds)} multiply-adds`]),
    ...(sizeBytes === null ? [] : [megabytes(sizeBytes)]),
    ...opsets.map(({ domain, version }) =>
      domain === "ai.onnx" ? `opset ${version}` : `${domain} ${version}`,
    ),
    ...(producer === "" ? [] : [`written by ${producer}`]),
  ];
  return <>{parts.join(", ")}</>;
}

function Totals({ layers }: { readonly layers: readonly LayerDocument[] }) {
  const renderable = layers.filter((layer) => layer.renderable).length;
  return (
    <p class="quiet">
      {layers.length} layers, {renderable} of them can be rendered
    </p>
  );
}
