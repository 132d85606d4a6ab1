import { SteadyTile } from "../components/steady-tile.tsx";
import type { Picture } from "../state/layer-pictures.ts";
import { tileOf } from "./tile-of.ts";

interface LayerGridProps {
  /** 1-based, in order. */
  readonly channels: readonly number[];
  readonly pictures: ReadonlyMap<number, Picture>;
  readonly labelOf: (channel: number) => string | null;
  /** Of pictures that are not there, in pixels. */
  readonly size: Picture["tileSize"];
  readonly hrefOf: (channel: number) => string;
}

/** Channels side by side; each tile fills as its picture arrives. */
export function LayerGrid({ channels, pictures, labelOf, size, hrefOf }: LayerGridProps) {
  return (
    <ol class="tiles many">
      {channels.map((channel) => (
        <li key={channel}>
          <SteadyTile
            {...tileOf(channel, pictures.get(channel) ?? null, labelOf, size)}
            href={hrefOf(channel)}
          />
        </li>
      ))}
    </ol>
  );
}
