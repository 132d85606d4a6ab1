import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { ApiError, getCircuit, getExpandedCircuit } from "../api/client.ts";
import type { ExpandedCircuit, LayerDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import { colourFilter } from "../components/kernel.tsx";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { layersBefore } from "../state/layers-before.ts";
import { useLayers } from "../state/use-layer.ts";
import { useResource } from "../state/use-resource.ts";
import { LinkedChannels } from "./linked-channels.tsx";

interface MadeOfProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** 1-based. */
  readonly channel: number;
}

/** Whether the server tells what a channel is made of further back. */
const hasCircuits = () => document.documentElement.dataset["circuits"] === "true";

/** What a channel is made of, and what is made of it, with the weights in between. */
export function MadeOf({ network, layer, channel }: MadeOfProps) {
  const [from, setFrom] = useState<number | null>(null);
  const key = `${network}/${layer.index}/${channel}`;
  const circuit = useResource(key, () => answered(() => getCircuit(network, layer.index, channel)));
  if (circuit.value === null) return <Problems problems={circuit.problems} />;
  const { found, refusal } = circuit.value;
  if (found === null && refusal === null) return null;
  return (
    <>
      <Section heading="What it is made of">
        {hasCircuits() && <FurtherBack {...{ network, layer, from }} onFrom={setFrom} />}
        {from !== null && <Expanded {...{ network, layer, channel, from }} />}
        {from === null && refusal !== null && <p class="quiet">{refusal}</p>}
        {from === null && found !== null && <Sources network={network} circuit={found} />}
      </Section>
      {found !== null && found.uses.length > 0 && (
        <Section heading="What is made of it">
          <p class="quiet">
            Weights lead from it to {several(found.useCount, "channel")}; here are those with the
            largest.
          </p>
          <LinkedChannels network={network} links={found.uses} headings={["Excites", "Inhibits"]} />
        </Section>
      )}
    </>
  );
}

interface SectionProps {
  readonly heading: string;
  readonly children: ComponentChildren;
}

function Section({ heading, children }: SectionProps) {
  return (
    <section class="made-of" aria-label={heading}>
      <h2>{heading}</h2>
      {children}
    </section>
  );
}

interface SourcesProps {
  readonly network: string;
  readonly circuit: ExpandedCircuit;
}

/** Layers whose weights are named one by one. */
const FEW = 3;

function Sources({ network, circuit: { sources, count, weighing } }: SourcesProps) {
  const filter = colourFilter(sources);
  const named = weighing.map(({ name }) => name).join(" and ") || "its sum";
  const weights = weighing.length > FEW ? `${weighing.length} layers, multiplied out,` : named;
  return (
    <>
      <p class="quiet">
        {filter === null
          ? `The weights of ${weights} lead to it from ${several(count, "channel")}; here are those with the largest, and where on the map each weight looks: red excites, blue inhibits.`
          : "Its weights, in the colours that it looks for; grey is none."}
      </p>
      {filter ?? (
        <LinkedChannels
          network={network}
          links={sources}
          headings={["Excited by", "Inhibited by"]}
        />
      )}
    </>
  );
}

interface FurtherBackProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** Index of a layer; `null`: right before it. */
  readonly from: number | null;
  readonly onFrom: (from: number | null) => void;
}

/** A choice of the layer whose channels are looked at. */
function FurtherBack({ network, layer, from, onFrom }: FurtherBackProps) {
  const table = useLayers(network);
  const before = layersBefore(layer, table.value?.layers ?? []);
  if (before.length === 0) return null;
  return (
    <label class="row">
      <span class="quiet">Channels</span>
      <select
        value={from ?? ""}
        onChange={({ currentTarget: { value } }) => onFrom(value === "" ? null : Number(value))}
      >
        <option value="">right before it</option>
        {before.map(({ index, name }) => (
          <option key={index} value={index}>
            of {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ExpandedProps extends MadeOfProps {
  readonly from: number;
}

function Expanded({ network, layer, channel, from }: ExpandedProps) {
  const circuit = useResource(`${network}/${layer.index}/${channel}/${from}`, () =>
    answered(() => getExpandedCircuit(network, layer.index, channel, from)),
  );
  const { found = null, refusal = null } = circuit.value ?? {};
  return (
    <>
      <Problems problems={circuit.problems} />
      <Looking at={circuit}>multiplying the weights out</Looking>
      {refusal !== null && <p class="quiet">{refusal}</p>}
      {found !== null && <Sources network={network} circuit={found} />}
    </>
  );
}

interface Answered<Found> {
  readonly found: Found | null;
  /** Why there is none, as of what attention makes. */
  readonly refusal: string | null;
}

async function answered<Found>(ask: () => Promise<Found>): Promise<Answered<Found>> {
  try {
    return { found: await ask(), refusal: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) return { found: null, refusal: error.problems.join("; ") };
    // an older API does not know
    if (error.status === 404) return { found: null, refusal: null };
    throw error;
  }
}
