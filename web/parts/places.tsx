import { useEffect, useRef, useState } from "preact/hooks";

import type { ExplanationFigures } from "../api/documents.ts";
import { signed } from "../components/contribution.ts";
import type { SmallPhotograph } from "../components/lit-photograph.tsx";
import { SteadyTile } from "../components/steady-tile.tsx";
import { type LayerPictures, pictureOf } from "../state/layer-pictures.ts";
import { address } from "../state/router.ts";
import { Lit } from "./speaking-channels.tsx";
import { tileOf } from "./tile-of.ts";

interface PlacesProps {
  readonly network: string;
  readonly figures: ExplanationFigures;
  readonly photograph: SmallPhotograph | null;
  readonly pictures: LayerPictures;
  /** 0-based, row by row. */
  readonly chosen: number | null;
  readonly onChoose: (place: number | null) => void;
}

/**
 * The photograph lit where any channels speak, and the channels that speak at a place of it, while
 * somebody points at it, or once it has been chosen.
 */
export function Places({ network, figures, photograph, pictures, chosen, onChoose }: PlacesProps) {
  /** By a mouse or the focus. */
  const [pointed, setPointed] = useState<number | null>(null);
  const { atPlaces } = figures;
  useEffect(() => setPointed(null), [figures]);
  const shown = pointed ?? chosen;
  const there = atPlaces?.channels[shown ?? -1] ?? null;
  const close = () => {
    onChoose(null);
    setPointed(null);
  };
  return (
    <>
      <figure class="photograph">
        <div class="placed">
          <Lit {...{ figures, photograph }} map={figures.places} who="all channels speak" />
          {atPlaces !== null && photograph !== null && (
            <PlaceGrid {...{ figures, atPlaces, chosen, shown, onChoose, close, setPointed }} />
          )}
        </div>
        <figcaption class="quiet">
          all channels together{atPlaces !== null && "; choose a place to see which speak there"}
        </figcaption>
      </figure>
      {there !== null && (
        // what only passes by lies above the page, where nobody can get into it
        <section
          class={chosen === null ? "at-place passing" : "at-place"}
          inert={chosen === null}
          aria-label="At the marked place"
        >
          <div class="row">
            <h2>
              {there.length === 0 ? "Nothing" : "What"} speaks for {figures.class.label} at the
              marked place
            </h2>
            <button
              type="button"
              onClick={() => {
                close();
                document.getElementById(GRID)?.focus();
              }}
            >
              Close
            </button>
          </div>
          <ol class="tiles">
            {there.map(({ channel, contribution }) => (
              <li key={channel}>
                <SteadyTile
                  {...tileOf(channel, pictureOf(pictures, channel))}
                  href={address.channel(network, figures.layer.name, channel)}
                />
                <span class="amount">{signed(contribution)}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

const GRID = "places";

interface PlaceGridProps extends Pick<PlacesProps, "figures" | "chosen" | "onChoose"> {
  readonly atPlaces: NonNullable<ExplanationFigures["atPlaces"]>;
  readonly shown: number | null;
  readonly setPointed: (place: number | null) => void;
  readonly close: () => void;
}

/** The places themselves, on the photograph; arrow keys lead from one to the next. */
function PlaceGrid({
  figures,
  atPlaces: { mapSize, channels },
  chosen,
  shown,
  onChoose,
  setPointed,
  close,
}: PlaceGridProps) {
  const [rows, columns] = mapSize;
  const grid = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent, place: number) => {
    if (event.key === "Escape") close();
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const row = within(rows, Math.floor(place / columns) + step[0]);
    const column = within(columns, (place % columns) + step[1]);
    grid.current?.querySelectorAll("button")[row * columns + column]?.focus();
  };
  const strongest = channels.map(([most]) => most?.contribution ?? 0);
  const entry = shown ?? strongest.indexOf(Math.max(...strongest));
  return (
    <div
      ref={grid}
      id={GRID}
      class="places"
      role="grid"
      tabIndex={-1}
      aria-label={`places of the photograph, and what speaks there for ${figures.class.label}`}
      onPointerLeave={() => setPointed(null)}
    >
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} role="row">
          {channels.slice(row * columns, (row + 1) * columns).map((there, column) => {
            const place = row * columns + column;
            return (
              <button
                key={column}
                type="button"
                role="gridcell"
                class={place === shown ? "shown" : undefined}
                tabIndex={place === entry ? 0 : -1}
                aria-selected={place === chosen}
                aria-label={`row ${row + 1}, column ${column + 1}: ${inWords(there)}`}
                // a finger that passes by wants to scroll
                onPointerEnter={(event) => event.pointerType !== "touch" && setPointed(place)}
                onFocus={() => (chosen === null ? setPointed : onChoose)(place)}
                onBlur={() => setPointed(null)}
                onClick={() => onChoose(place)}
                onKeyDown={(event) => onKeyDown(event, place)}
              />
            );
          })}
        </div>
      ))}
    </div>
  );
}

const STEPS: Readonly<Record<string, readonly [down: number, across: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const within = (count: number, at: number) => Math.min(count - 1, Math.max(0, at));

function inWords(channels: PlaceGridProps["atPlaces"]["channels"][number]): string {
  if (channels.length === 0) return "nothing";
  return channels
    .map(({ channel, contribution }) => `channel ${channel} ${signed(contribution)}`)
    .join(", ");
}
