import type { AscentState } from "./state.ts";

/**
 * In runs of equal progress in a stage: one run of a graph takes its images through the same
 * iterations, along the same kind of gradient, with one seed's shifts.
 *
 * @param index of the stage, which those of earlier stages are about to enter
 */
export function evenGroups(
  states: readonly AscentState[],
  index: number,
): readonly (readonly AscentState[])[] {
  const groups = new Map<string, AscentState[]>();
  for (const state of states) {
    const { stage, done, isRevived, restarts } = state;
    const key = `${stage === index ? done : 0} ${isRevived} ${restarts}`;
    groups.set(key, [...(groups.get(key) ?? []), state]);
  }
  return [...groups.values()];
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
