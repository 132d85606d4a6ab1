import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { tileAddress } from "../api/client.ts";
import type { JobSummary } from "../api/documents.ts";
import { tileName } from "../components/tile.tsx";
import { type AtlasRow, longestRow, rowsOf, useRowPictures } from "../state/atlas.ts";
import { address } from "../state/router.ts";

interface AtlasWallProps {
  readonly network: string;
  readonly jobs: readonly JobSummary[];
  /** Pixels of a picture. */
  readonly thumb: number;
  readonly onZoom: (factor: number) => void;
}

/** Rows that are fetched and drawn before they are seen, in pixels. */
const AHEAD_PX = 400;
/** Pixels of a picture beside which a long name has room in several lines. */
const ROOMY = 48;
/** Of a wheel's turn, or of two fingers' on a touch pad. */
const ZOOM_PER_PIXEL = 0.01;

/** A row for each layer, in the network's order; only what is near the eye is fetched and drawn. */
export function AtlasWall({ network, jobs, thumb, onZoom }: AtlasWallProps) {
  const place = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(jobs), [jobs]);
  const latest = useRef(onZoom);
  latest.current = onZoom;
  useEffect(() => {
    const element = place.current;
    const follow = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      // the page itself would be zoomed
      event.preventDefault();
      latest.current(Math.exp(-event.deltaY * ZOOM_PER_PIXEL));
    };
    element?.addEventListener("wheel", follow, { passive: false });
    return () => element?.removeEventListener("wheel", follow);
  }, []);
  return (
    <div
      ref={place}
      class={thumb < ROOMY ? "wall" : "wall roomy"}
      style={{ "--thumb": `${thumb}px` }}
      role="region"
      aria-label={`Wall of ${network}`}
      // it scrolls by the keyboard too
      tabIndex={0}
    >
      <ol>
        {rows.map((row) => (
          <WallRow key={row.index} network={network} row={row} />
        ))}
      </ol>
    </div>
  );
}

function WallRow({ network, row }: { readonly network: string; readonly row: AtlasRow }) {
  const item = useRef<HTMLLIElement>(null);
  const [isNear, setNear] = useState(false);
  /** That of the pictures that are shown, once it is known. */
  const [recipe, setRecipe] = useState<string | null>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setNear(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: `${AHEAD_PX}px 0px` },
    );
    if (item.current !== null) observer.observe(item.current);
    return () => observer.disconnect();
  }, []);
  return (
    <li ref={item} class="wall-row">
      <a class="wall-name" href={address.layer(network, row.name, { recipe })} title={row.name}>
        <bdi>{row.name}</bdi>
      </a>
      {isNear && <RowPictures network={network} row={row} onRecipe={setRecipe} />}
    </li>
  );
}

interface RowPicturesProps {
  readonly network: string;
  readonly row: AtlasRow;
  readonly onRecipe: (recipe: string | null) => void;
}

function RowPictures({ network, row, onRecipe }: RowPicturesProps) {
  const { recipe, pictures } = useRowPictures(row);
  useEffect(() => onRecipe(recipe), [recipe]);
  if (pictures.length === 0) {
    return <span class="wall-waiting" style={{ "--count": longestRow(row.jobs) }} />;
  }
  return (
    <span class="wall-pictures">
      {pictures.map(({ channel, label, state, jobId }) => {
        // a target has no page of its own
        const isTarget = recipe === null;
        const page = address.channel(network, row.name, channel, { recipe });
        const name = tileName({ noun: isTarget ? "image" : "channel", channel, label });
        return (
          <a key={channel} class={state} href={isTarget ? address.job(jobId) : page} title={name}>
            {state === "ok" ? (
              <img
                src={tileAddress(jobId, channel)}
                alt={`${row.name}, ${name}`}
                decoding="async"
              />
            ) : (
              <span class="unseen">
                {row.name}, {name}, {state}
              </span>
            )}
          </a>
        );
      })}
    </span>
  );
}
