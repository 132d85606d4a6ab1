import { tileAddress } from "../api/client.ts";
import type { TileProps } from "../components/tile.tsx";
import type { Picture } from "../state/layer-pictures.ts";

/** All that a tile shows; what its number is of, and where it leads, is for its page to say. */
type Shown = Required<Omit<TileProps, "href" | "noun">>;

/** The proportions of pictures that nobody has seen yet. */
const SQUARE = { width: 1, height: 1 };

/**
 * The tile of a channel (1-based).
 *
 * @param labelOf the name of a channel's class, where the picture does not say
 * @param size of a picture that is not there, in pixels
 */
export function tileOf(
  channel: number,
  picture: Picture | null,
  labelOf: (channel: number) => string | null = () => null,
  size: Picture["tileSize"] = SQUARE,
): Shown {
  const { width, height } = picture?.tileSize ?? size;
  return {
    channel,
    label: picture?.label ?? labelOf(channel),
    state: picture?.state ?? "none",
    src: picture?.state === "ok" ? tileAddress(picture.jobId, channel) : null,
    width,
    height,
    reason: picture?.reason ?? null,
  };
}
