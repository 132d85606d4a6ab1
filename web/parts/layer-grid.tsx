import { Component } from "preact";

import { tileAddress } from "../api/client.ts";
import { Tile, type TileProps } from "../components/tile.tsx";
import type { Picture } from "../state/layer-pictures.ts";

interface LayerGridProps {
  /** 1-based, in order. */
  readonly channels: readonly number[];
  readonly pictures: ReadonlyMap<number, Picture>;
  readonly labelOf: (channel: number) => string | null;
  readonly size: { readonly width: number; readonly height: number };
  readonly hrefOf: (channel: number) => string;
}

/** Channels side by side; each tile fills as its picture arrives. */
export function LayerGrid({ channels, pictures, labelOf, size, hrefOf }: LayerGridProps) {
  return (
    <ol class="tiles many">
      {channels.map((channel) => {
        const picture = pictures.get(channel);
        return (
          <li key={channel}>
            <SteadyTile
              channel={channel}
              label={picture?.label ?? labelOf(channel)}
              state={picture?.state ?? "none"}
              src={picture?.state === "ok" ? tileAddress(picture.jobId, channel) : null}
              width={picture?.tileSize.width ?? size.width}
              height={picture?.tileSize.height ?? size.height}
              reason={picture?.reason ?? null}
              href={hrefOf(channel)}
            />
          </li>
        );
      })}
    </ol>
  );
}

/** Drawn again only when it has changed: of a thousand tiles one or two have. */
class SteadyTile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const names = Object.keys(next) as (keyof TileProps)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render(props: TileProps) {
    return <Tile {...props} />;
  }
}
