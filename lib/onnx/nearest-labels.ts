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

/** Insertions, deletions and replacements of characters between two names (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
