/** Channels from `first` to `last`, both included, 1-based; written `"1:36"`, or `"5"` for one. */
export interface ChannelRange {
  readonly first: number;
  readonly last: number;
}

/** A range of two ends, of any size: which channels a layer has is for others to say. */
const RANGE_PATTERN = /^\d+:\d+$/;

/** `null` if the text is neither `"1:36"` nor `"5"`. The layer may have no such channels. */
export function parseRange(text: string): ChannelRange | null {
  const range = text.includes(":") ? text : `${text}:${text}`;
  if (!RANGE_PATTERN.test(range)) return null;
  const [first = NaN, last = NaN] = range.split(":").map(Number);
  return { first, last };
}

export function formatRange({ first, last }: ChannelRange): string {
  return first === last ? `${first}` : `${first}:${last}`;
}

/** Each channel of the range, in order. */
export function channelsIn({ first, last }: ChannelRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Distinct channels as text, sorted: `[1, 2, 3, 9]` is `"1:3,9"`; none is `""`. */
export function formatRanges(channels: Iterable<number>): string {
  const ranges: { first: number; last: number }[] = [];
  for (const channel of [...new Set(channels)].toSorted((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && channel === range.last + 1) range.last = channel;
    else ranges.push({ first: channel, last: channel });
  }
  return ranges.map(formatRange).join(",");
}

/** The inverse of `formatRanges`. */
export function parseRanges(text: string): number[] {
  if (text === "") return [];
  return text.split(",").flatMap((part) => {
    const range = parseRange(part);
    if (range === null || range.last < range.first) {
      throw new RangeError(`internal: '${part}' is no range of channels`);
    }
    return channelsIn(range);
  });
}
