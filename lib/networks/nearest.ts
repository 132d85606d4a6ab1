/** A name may differ from what was meant by this share of its letters. */
const TOLERANCE = 0.5;
const MOST_NAMES = 3;

/**
 * The names most like the one given, the likest first: those it is a part of (the shortest first),
 * then those few edits away.
 */
export function nearestNames(name: string, candidates: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distanceTo(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(wanted.length * TOLERANCE, 1))
    .toSorted((a, b) => a.distance - b.distance || a.candidate.length - b.candidate.length)
    .slice(0, MOST_NAMES)
    .map(({ candidate }) => candidate);
}

function distanceTo(wanted: string, candidate: string): number {
  const edits = editDistance(wanted, candidate);
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
