/** Something to suggest: how it is written in a message, and the names it goes by. */
export interface Named {
  readonly label: string;
  readonly names: readonly string[];
}

/** A name may differ from what was meant by this share of its letters. */
const TOLERANCE = 0.5;
/** How many suggestions a message makes. */
const MOST_SUGGESTIONS = 3;

/**
 * "did you mean 'seed' or 'speed'?": those of the known that are most like the name given; `""`
 * where none is near.
 */
export function didYouMean(given: string, known: readonly (string | Named)[]): string {
  const nearest = nearestNames(
    given,
    known.map((one) => (typeof one === "string" ? { label: `'${one}'`, names: [one] } : one)),
  );
  return nearest.length === 0 ? "" : `did you mean ${nearest.join(" or ")}?`;
}

/**
 * Names most similar to `given`, best first; names containing it come first, shortest first.
 * Ignores case.
 */
function nearestNames(given: string, known: readonly Named[]): readonly string[] {
  const wanted = given.toLowerCase();
  const candidates = known.flatMap(({ label, names }) =>
    names.map((name) => ({
      label,
      length: name.length,
      distance: distanceTo(wanted, name.toLowerCase()),
    })),
  );
  const near = candidates
    .filter(({ distance }) => distance <= Math.max(wanted.length * TOLERANCE, 1))
    .toSorted((a, b) => a.distance - b.distance || a.length - b.length);
  // beside one that is meant, those that are twice as far are not
  const farthest = Math.max(1, (near[0]?.distance ?? 0) * 2);
  const labels = near.filter(({ distance }) => distance <= farthest).map(({ label }) => label);
  return [...new Set(labels)].slice(0, MOST_SUGGESTIONS);
}

function distanceTo(wanted: string, candidate: string): number {
  // of twice the length or half of it a name is far from what was meant, and may be megabytes
  const [short, long] = [wanted.length, candidate.length].toSorted((a, b) => a - b) as [
    number,
    number,
  ];
  const edits = long > 2 * short + 2 ? Infinity : editDistance(wanted, candidate);
  return candidate.includes(wanted) ? Math.min(edits, 1) : edits;
}

/** Levenshtein's: insertions, deletions and substitutions that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let distances = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = distances[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, distances[j]! + 1, next[j - 1]! + 1));
    }
    distances = next;
  }
  return distances[to.length]!;
}
