import type { ChannelDocument } from "../api/documents.ts";
import { frameRatio } from "./frame-ratio.ts";

/** How a channel stands; `none`: nobody has asked for its picture. */
type TileState = ChannelDocument["state"] | "none";

export interface TileProps {
  /** What the number is of. @default a channel; an image of targets is none's */
  readonly noun?: "channel" | "image";
  /** 1-based. */
  readonly channel: number;
  /** Name of the class, where there is one. */
  readonly label: string | null;
  readonly state: TileState;
  /** Address of the picture, once the state is `ok`. */
  readonly src: string | null;
  /** Pixels of the picture: the frame takes its proportions before the picture is there. */
  readonly width: number;
  readonly height: number;
  /** Why there is no picture. */
  readonly reason?: string | null;
  /** Where a click leads; without it, the tile is no link. */
  readonly href?: string;
}

/** "channel 3, snail": what a picture is called where it is not seen. */
export function tileName({
  noun = "channel",
  channel,
  label,
}: Pick<TileProps, "noun" | "channel" | "label">): string {
  return label === null ? `${noun} ${channel}` : `${noun} ${channel}, ${label}`;
}

/** One channel's picture with its number and name; nothing moves when the picture arrives. */
export function Tile(props: TileProps) {
  const { channel, label, state, href, reason = null } = props;
  const content = (
    <>
      <Picture {...props} />
      {/* the picture, or what stands in its place, says the same to a screen reader */}
      <span class="tile-caption" aria-hidden="true">
        <span>{channel}</span>
        {label !== null && <span class="label">{label}</span>}
      </span>
    </>
  );
  // a long name is cut off below the picture
  const shared = { class: `tile ${state}`, title: reason ?? label ?? undefined };
  if (href === undefined) return <div {...shared}>{content}</div>;
  return (
    <a {...shared} href={href}>
      {content}
    </a>
  );
}

function Picture({ state, src, width, height, reason = null, ...named }: TileProps) {
  const name = tileName(named);
  const stand = state === "none" || state === "ok" ? "" : state;
  const note = reason === null ? stand : shortened(reason);
  return (
    <span class="tile-frame" style={{ aspectRatio: `${frameRatio(width, height)}` }}>
      {state === "ok" && src !== null ? (
        <img src={src} alt={name} width={width} height={height} loading="lazy" decoding="async" />
      ) : (
        <span class="tile-note" key={note}>
          <span>
            <span class="unseen">{note === "" ? name : `${name}, `}</span>
            {note}
          </span>
        </span>
      )}
    </span>
  );
}

const MOST_SHOWN = 60;

function shortened(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
