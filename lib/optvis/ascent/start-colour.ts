import type { NetworkModel } from "../graph/layer-pass.ts";

/** Half of 0..255. */
const MID_GREY = 127.5;

/** Mid-grey in each plane, as the network's pixels are counted: less its mean. */
export function greysOf({ mean }: Pick<NetworkModel, "mean">): readonly number[] {
  return mean.map((value) => MID_GREY - value);
}

/** How far from mid-grey a network's mean may lie to be a grey itself: an eighth of 0..255. */
const STILL_GREY = 255 / 8;

/**
 * What noise is added to at the start, per plane, in units of 0..255 less the network's mean:
 * mid-grey.
 *
 * A mean that is a grey itself, as those of photographs are, is that mid-grey, so zero: there
 * deepDreamImage begins. Other networks subtract nothing or something else, and zero is black to
 * them, or no pixel at all.
 */
export function startColour({ mean }: Pick<NetworkModel, "mean">): readonly number[] {
  const isGrey = mean.every((value) => Math.abs(value - MID_GREY) <= STILL_GREY);
  return isGrey ? mean.map(() => 0) : greysOf({ mean });
}
