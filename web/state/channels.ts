/**
 * Channels as people write them, "1:36", "1, 2, 40:50", "1 2 5", "all" or names of classes, or as
 * they stand in JSON, as a request has them. What is wrong with them is the server's to say.
 */
export function parseChannels(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "all" || /^\d+:\d+$/.test(trimmed)) return trimmed;
  const json = /^[["]/.test(trimmed) ? parseJson(trimmed) : undefined;
  if (json !== undefined) return json;
  const parts = trimmed
    .split(",")
    // names of classes have spaces
    .flatMap((part) => (/^[\d:\s]+$/.test(part) ? part.split(/\s+/) : [part.trim()]))
    .filter((part) => part !== "");
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Channels that people look for: that of a number, or those whose names have all of the words.
 *
 * @param labelOf the name of a channel's class
 */
export function findChannels(
  channels: readonly number[],
  text: string,
  labelOf: (channel: number) => string | null,
): readonly number[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return channels;
  return channels.filter((channel) => {
    const label = labelOf(channel)?.toLowerCase() ?? "";
    return String(channel) === text.trim() || words.every((word) => label.includes(word));
  });
}

/** Channels as people write them: runs become ranges. @param channels in ascending order */
export function formatChannels(channels: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const channel of channels) {
    const run = runs.at(-1);
    if (run?.[1] === channel - 1) run[1] = channel;
    else runs.push([channel, channel]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(", ");
}
