import type { CircuitLink } from "../api/documents.ts";
import { percent, signed } from "../components/contribution.ts";
import { Kernel } from "../components/kernel.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { type LayerPictures, pictureOf, usePicturesOfLayers } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { useLayers } from "../state/use-layer.ts";
import { DrawMissing } from "./draw-missing.tsx";
import { tileOf } from "./tile-of.ts";

/** Of each kind, on a screen. */
const MOST = 8;

interface LinkedProps {
  readonly network: string;
  /** The largest first. */
  readonly links: readonly CircuitLink[];
  /** Above those whose weights add up to more than 0, and to less. */
  readonly headings: readonly [above: string, below: string];
}

/** Channels at the other end of weights, each with its picture and its kernel. */
export function LinkedChannels({ network, links, headings: [above, below] }: LinkedProps) {
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
