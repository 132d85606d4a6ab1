import { tileAddress } from "../api/client.ts";
import { SteadyTile } from "../components/steady-tile.tsx";
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
