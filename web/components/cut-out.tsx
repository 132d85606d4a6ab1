import { useState } from "preact/hooks";

import type { PlacedExample } from "../api/documents.ts";

type Seen = NonNullable<PlacedExample["seen"]>;

interface CutOutProps {
  readonly src: string;
  /** For those who do not see it. */
  readonly text: string;
  /** What is to be shown of it; `null`: nothing more than the rest. */
  readonly seen: Seen | null;
}

/** As large as its frame, so that the browser knows whether it is to be fetched. */
const UNKNOWN = { visibility: "hidden", width: "100%", height: "100%" };
const MIDDLE = { x: 0.5, y: 0.5, width: 0, height: 0 };
/** Share of the photograph from which on the place is marked: in less it is in the middle. */
const WIDE = 0.3;

/** The square of a photograph that a place looks at, as far as the photograph goes. */
export function CutOut({ src, text, seen }: CutOutProps) {
  const [size, setSize] = useState<readonly [width: number, height: number] | null>(null);
  const isWide = seen !== null && seen.field.width * seen.field.height > WIDE;
  return (
    <span class="cut-out">
      <img
        src={src}
        alt={text}
        loading="lazy"
        decoding="async"
        style={size === null ? UNKNOWN : cut(size, seen)}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize([naturalWidth, naturalHeight])
        }
      />
      {size !== null && isWide && <span class="spot" style={spot(size, seen)} />}
    </span>
  );
}

/** Of a photograph, in its pixels. */
interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

function squareOf([width, height]: readonly [number, number], seen: Seen | null): Square {
  const { place, field } = seen ?? { place: MIDDLE, field: { width: 1, height: 1 } };
  const side = Math.min(width, height, Math.max(field.width * width, field.height * height));
  const start = (middle: number, length: number) =>
    Math.min(Math.max(middle * length - side / 2, 0), length - side);
  const x = start(place.x + place.width / 2, width);
  const y = start(place.y + place.height / 2, height);
  return { x, y, side };
}

const percent = (share: number) => `${100 * share}%`;

function cut(size: readonly [number, number], seen: Seen | null) {
  const { x, y, side } = squareOf(size, seen);
  return {
    width: percent(size[0] / side),
    height: percent(size[1] / side),
    left: percent(-x / side),
    top: percent(-y / side),
  };
}

/** A ring around the middle of the place, as wide as the place's longer side. */
function spot(size: readonly [number, number], seen: Seen) {
  const { x, y, side } = squareOf(size, seen);
  const { place } = seen;
  return {
    width: percent(Math.max(place.width * size[0], place.height * size[1]) / side),
    left: percent(((place.x + place.width / 2) * size[0] - x) / side),
    top: percent(((place.y + place.height / 2) * size[1] - y) / side),
  };
}
