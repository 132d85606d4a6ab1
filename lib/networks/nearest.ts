import { editDistance } from "./edit-distance.ts";

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
