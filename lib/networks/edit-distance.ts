/** Levenshtein's: insertions, deletions and substitutions that turn one text into the other. */
export function editDistance(from: string, to: string): number {
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
