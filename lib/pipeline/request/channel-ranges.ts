/** Distinct channels as text, sorted: `[1, 2, 3, 9]` is `"1:3,9"`; none is `""`. */
export function formatRanges(channels: Iterable<number>): string {
  const runs: { first: number; last: number }[] = [];
  for (const channel of [...new Set(channels)].toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && channel === run.last + 1) run.last = channel;
    else runs.push({ first: channel, last: channel });
  }
  return runs
    .map(({ first, last }) => (first === last ? `${first}` : `${first}:${last}`))
    .join(",");
}

/** The inverse of `formatRanges`. */
export function parseRanges(text: string): number[] {
  if (text === "") return [];
  return text.split(",").flatMap((run) => {
    const [first = NaN, last = first] = run.split(":").map(Number);
    if (!(last >= first)) throw new RangeError(`internal: '${run}' is no range of channels`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
