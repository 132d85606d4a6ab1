import type { AscentState } from "./state.ts";

/** In runs of equal progress: one run of a graph takes its images through the same iterations. */
export function evenGroups(
  states: readonly AscentState[],
  doneOf: (state: AscentState) => number,
): readonly AscentState[][] {
  const all = [...new Set(states.map(doneOf))];
  return all.map((done) => states.filter((state) => doneOf(state) === done));
}

/** The states that each image goes on from: its own, and those that it depends on. */
export function byChannel(
  states: readonly AscentState[],
  together: number,
): ReadonlyMap<number, readonly AscentState[]> {
  const groupOf = ({ position }: AscentState) => Math.floor(position / together);
  return new Map(
    states.map((state) => [
      state.channel,
      states.filter((other) => groupOf(other) === groupOf(state)),
    ]),
  );
}

/** In a row, as many each; the last may be fewer. */
export function inGroups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
