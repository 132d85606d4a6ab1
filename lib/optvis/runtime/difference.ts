import { relativeDistance } from "./check-provider.ts";
import type { Feeds } from "./session.ts";

/**
 * Largest accepted distance of what one iteration changes, as a share of it. float32 rounding that
 * moves one pool's maximum to its neighbour is 0.01 of a deep layer's gradient; a wrong kernel is
 * off by about 1.
 */
const TOLERANCE = 0.1;

/**
 * What of an ascent graph's outputs is not the CPU's after one iteration; `null`: all is.
 *
 * @param wanted the CPU's
 * @param feeds what both were run with
 */
export function difference(given: Feeds, wanted: Feeds, feeds: Feeds): string | null {
  for (const [name, { data }] of Object.entries(wanted)) {
    // what the loop carries has hardly changed: its change is what counts
    const before = name.endsWith("_out") ? feeds[name.slice(0, -"_out".length)]?.data : undefined;
    const changeOf = (values: Feeds[string]["data"] | undefined) =>
      Float64Array.from({ length: data.length }, (_, i) => {
        const value = Number(values?.[i] ?? NaN);
        return before === undefined ? value : value - Number(before[i]);
      });
    const [change, wantedChange] = [changeOf(given[name]?.data), changeOf(data)];
    const distance = relativeDistance(change, wantedChange);
    // an image without a gradient does not change at all
    const isStill = [change, wantedChange].every((values) => values.every((value) => value === 0));
    if (distance <= TOLERANCE || isStill) continue;
    return `${name} is ${distance.toPrecision(3)} of its norm away from the CPU's, wanted at most ${TOLERANCE}`;
  }
  return null;
}
