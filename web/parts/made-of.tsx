import { ApiError, getCircuit } from "../api/client.ts";
import type { Circuit, CircuitSource, LayerDocument } from "../api/documents.ts";
import { percent, signed } from "../components/contribution.ts";
import { several } from "../components/counted.ts";
import { colourFilter, Kernel } from "../components/kernel.tsx";
import { Problems } from "../components/problems.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { type LayerPictures, pictureOf, usePicturesOfLayers } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { useLayer } from "../state/use-layer.ts";
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

/** The channels that excite a channel most, and that inhibit it, with the weights in between. */
export function MadeOf({ network, layer, channel }: MadeOfProps) {
  const key = `${network}/${layer.index}/${channel}`;
  const circuit = useResource(key, () => findCircuit(network, layer.index, channel));
  if (circuit.value === null) return <Problems problems={circuit.problems} />;
  const { found, refusal } = circuit.value;
  if (found === null && refusal === null) return null;
  return (
    <section class="made-of" aria-labelledby="made-of">
      <h2 id="made-of">What it is made of</h2>
      {refusal !== null && <p class="quiet">{refusal}</p>}
      {found !== null && <Sources network={network} circuit={found} />}
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

function Sources({ network, circuit }: { readonly network: string; readonly circuit: Circuit }) {
  const { sources, count, weighing } = circuit;
  const filter = colourFilter(sources);
  const shown = filter === null ? sources.filter(({ layer }) => layer.index > 1) : [];
  const exciting = shown.filter(({ sum }) => sum > 0).slice(0, MOST);
  const inhibiting = shown.filter(({ sum }) => sum < 0).slice(0, MOST);
  const drawn = [...exciting, ...inhibiting];
  const indices = [...new Set(drawn.map(({ layer }) => layer.index))].toSorted((a, b) => a - b);
  const picturesOf = usePicturesOfLayers(network, indices);
  const { layers } = useLayer(network, circuit.layer.name);
  const wanted = indices.flatMap((index) => {
    const layer = layers[index - 1];
    const channels = drawn.filter((source) => source.layer.index === index);
    const pictures = picturesOf(index);
    return layer ? [{ layer, pictures, channels: channels.map(({ channel }) => channel) }] : [];
  });
  const weights = drawn.flatMap(({ kernel }) => kernel.weights ?? []);
  const largest = Math.max(0, ...weights.map(Math.abs));
  const row = { network, picturesOf, largest };
  return (
    <>
      <p class="quiet">
        {filter === null
          ? `The weights of ${weighing.map(({ name }) => name).join(" and ") || "its sum"} lead to it from ${several(count, "channel")}; here are those with the largest, and where on the map each weight looks: red excites, blue inhibits.`
          : "Its weights, in the colours that it looks for; grey is none."}
      </p>
      {filter}
      {drawn.length > 0 && <DrawMissing network={network} wanted={wanted} />}
      <Row {...row} sources={exciting} heading="Excited by" />
      <Row {...row} sources={inhibiting} heading="Inhibited by" />
    </>
  );
}

interface RowProps {
  readonly network: string;
  readonly sources: readonly CircuitSource[];
  readonly heading: string;
  readonly picturesOf: (layer: number) => LayerPictures;
  /** |weight| of all kernels that are shown. */
  readonly largest: number;
}

function Row({ network, sources, heading, picturesOf, largest }: RowProps) {
  if (sources.length === 0) return null;
  return (
    <>
      <h3>{heading}</h3>
      <ol class="tiles">
        {sources.map(({ layer, channel, kernel, sum, share }) => (
          <li key={`${layer.index} ${channel}`}>
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
