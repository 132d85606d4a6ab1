import type { RequestTarget } from "./fields/targets.ts";

/** Whose channel it is: another layer's, by 1-based index, or `null`, the request's own layer's. */
export type LayerOfSum = number | null;

/** A channel in a weighted sum. */
export interface SummedChannel {
  readonly layer: LayerOfSum;
  /** 1-based. */
  readonly channel: number;
}

/** What names a channel in a sum in normal form: "12", or "97:40" of layer 97. */
export function keyOfSummed({ layer, channel }: SummedChannel): string {
  return layer === null ? `${channel}` : `${layer}:${channel}`;
}

/** The inverse of `keyOfSummed`. @param key in normal form */
export function summedOfKey(key: string): SummedChannel {
  const [first = 0, second] = key.split(":").map(Number);
  return second === undefined ? { layer: null, channel: first } : { layer: first, channel: second };
}

/** The order of a sum in normal form: the request's own layer before others, then by number. */
export function compareSummed(a: SummedChannel, b: SummedChannel): number {
  return (a.layer ?? 0) - (b.layer ?? 0) || a.channel - b.channel;
}

/**
 * The layers whose channels a target sums, where another than the request's own is among them; none
 * of any other target.
 *
 * @param target in normal form
 */
export function layersOfSum({ channels = {} }: RequestTarget): readonly LayerOfSum[] {
  const layers = new Set(Object.keys(channels).map((key) => summedOfKey(key).layer));
  const isOfOwn = layers.size === 0 || (layers.size === 1 && layers.has(null));
  return isOfOwn ? [] : [...layers].toSorted((a, b) => (a ?? 0) - (b ?? 0));
}
