import type { ComponentChildren } from "preact";

import { ApiError, getCircuit } from "../api/client.ts";
import type { Circuit, CircuitLink, LayerDocument } from "../api/documents.ts";
import { percent, signed } from "../components/contribution.ts";
import { several } from "../components/counted.ts";
import { colourFilter, Kernel } from "../components/kernel.tsx";
import { Problems } from "../components/problems.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { type LayerPictures, pictureOf, usePicturesOfLayers } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { useLayers } from "../state/use-layer.ts";
import { useResource } from "../state/use-resource.ts";
import { DrawMissing } from "./draw-missing.tsx";
import { tileOf } from "./tile-of.ts";

interface MadeOfProps {
  readonly network: string;
  readonly layer: LayerDocument;
  /** 1-based. */
  readonly channel: number;
}

/** Of each kind, on a screen. */
const MOST = 8;

/** What a channel is made of, and what is made of it, with the weights in between. */
export function MadeOf({ network, layer, channel }: MadeOfProps) {
  const key = `${network}/${layer.index}/${channel}`;
  const circuit = useResource(key, () => findCircuit(network, layer.index, channel));
  if (circuit.value === null) return <Problems problems={circuit.problems} />;
  const { found, refusal } = circuit.value;
  if (refusal !== null) {
    return (
      <Section heading="What it is made of">
        <p class="quiet">{refusal}</p>
      </Section>
    );
  }
  if (found === null) return null;
  const { sources, count, weighing, uses, useCount } = found;
  const filter = colourFilter(sources);
  const weights = weighing.map(({ name }) => name).join(" and ") || "its sum";
  return (
    <>
      <Section heading="What it is made of">
        <p class="quiet">
          {filter === null
            ? `The weights of ${weights} lead to it from ${several(count, "channel")}; here are those with the largest, and where on the map each weight looks: red excites, blue inhibits.`
            : "Its weights, in the colours that it looks for; grey is none."}
        </p>
        {filter ?? (
          <Linked network={network} links={sources} headings={["Excited by", "Inhibited by"]} />
        )}
      </Section>
      {uses.length > 0 && (
        <Section heading="What is made of it">
          <p class="quiet">
            Weights lead from it to {several(useCount, "channel")}; here are those with the largest.
          </p>
          <Linked network={network} links={uses} headings={["Excites", "Inhibits"]} />
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

interface FoundCircuit {
  readonly found: Circuit | null;
  /** Why there is none, as of what attention makes. */
  readonly refusal: string | null;
}

async function findCircuit(network: string, layer: number, channel: number): Promise<FoundCircuit> {
  try {
    return { found: await getCircuit(network, layer, channel), refusal: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) return { found: null, refusal: error.problems.join("; ") };
    // an older API does not know
    if (error.status === 404) return { found: null, refusal: null };
    throw error;
  }
}

interface LinkedProps {
  readonly network: string;
  /** The largest first. */
  readonly links: readonly CircuitLink[];
  /** Above those whose weights add up to more than 0, and to less. */
  readonly headings: readonly [above: string, below: string];
}

function Linked({ network, links, headings: [above, below] }: LinkedProps) {
  // the image's planes have no pictures
  const channels = links.filter(({ layer }) => layer.index > 1);
  const exciting = channels.filter(({ sum }) => sum > 0).slice(0, MOST);
  const inhibiting = channels.filter(({ sum }) => sum < 0).slice(0, MOST);
  const shown = [...exciting, ...inhibiting];
  const indices = [...new Set(shown.map(({ layer }) => layer.index))].toSorted((a, b) => a - b);
  const picturesOf = usePicturesOfLayers(network, indices);
  const table = useLayers(network);
  const wanted = indices.flatMap((index) => {
    const layer = table.value?.layers[index - 1];
    const own = shown.filter((link) => link.layer.index === index);
    const pictures = picturesOf(index);
    // one may be weighed and added as it is
    const once = [...new Set(own.map(({ channel }) => channel))];
    return layer ? [{ layer, pictures, channels: once }] : [];
  });
  const weights = shown.flatMap(({ kernel }) => kernel.weights ?? []);
  const row = { network, picturesOf, largest: Math.max(0, ...weights.map(Math.abs)) };
  if (shown.length === 0) return null;
  return (
    <>
      <DrawMissing network={network} wanted={wanted} />
      <Row {...row} links={exciting} heading={above} />
      <Row {...row} links={inhibiting} heading={below} />
    </>
  );
}

interface RowProps {
  readonly network: string;
  readonly links: readonly CircuitLink[];
  readonly heading: string;
  readonly picturesOf: (layer: number) => LayerPictures;
  /** |weight| of all kernels that are shown. */
  readonly largest: number;
}

function Row({ network, links, heading, picturesOf, largest }: RowProps) {
  if (links.length === 0) return null;
  return (
    <>
      <h3>{heading}</h3>
      <ol class="tiles">
        {links.map(({ layer, channel, kernel, sum, share }, i) => (
          <li key={i}>
            <SteadyTile
              {...tileOf(channel, pictureOf(picturesOf(layer.index), channel))}
              href={address.channel(network, layer.name, channel)}
            />
            <a class="of-layer quiet" href={address.layer(network, layer.name)}>
              {layer.name}
            </a>
            <span class="weights">
              <Kernel {...{ kernel, largest }} />
              <span class="amount">
                {signed(sum)} <span class="quiet">{percent(share)}</span>
              </span>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
