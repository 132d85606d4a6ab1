import { editDistance } from "./edit-distance.ts";

/** Something to suggest, and the names it goes by. */
export interface Named {
  readonly label: string;
  readonly names: readonly string[];
}

/** How many suggestions an error makes. */
const SUGGESTIONS = 3;

/** Labels of what has the names most like `wanted`, nearest first. */
export function nearestLabels(known: readonly Named[], wanted: string): readonly string[] {
  return known
    .map(({ label, names }) => ({
      label,
      distance: Math.min(
        ...names.map((name) => dissimilarity(name.toLowerCase(), wanted.toLowerCase())),
      ),
    }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, SUGGESTIONS)
    .map(({ label }) => label);
}

/** A name cut short counts as nearer than any misspelling. */
function dissimilarity(name: string, wanted: string): number {
  const isPrefix = wanted !== "" && name.startsWith(wanted);
  return isPrefix ? 1 - wanted.length / name.length : editDistance(name, wanted);
}
