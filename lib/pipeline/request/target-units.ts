import { basename, extname } from "node:path";

import { isMap, type RequestTarget } from "./fields/targets.ts";
import { layersOfSum, type SummedChannel, summedOfKey } from "./summed-channels.ts";

/** Of a number in a label: about 20 characters fit under a tile. */
const DIGITS = 3;
/** Of a direction: the angle counts as much as the length. */
export const DEFAULT_COSINE_POWER = 1;

/** One tile of a target: unit n of a job is the n-th of them. */
export interface TargetUnit {
  readonly target: RequestTarget;
  /** Which of the target's images it is, from 0; see `images`. */
  readonly index: number;
  /** How many images of the target are to differ; 1: there is one. */
  readonly images: number;
}

/** The tiles of a request's targets, in order. */
export function targetUnits(targets: readonly RequestTarget[]): readonly TargetUnit[] {
  return targets.flatMap((target) => {
    const images = target.diversity ?? 1;
    return Array.from({ length: images }, (_, index) => ({ target, index, images }));
  });
}

/** The channel that a target is, if it is one alone; `null` for anything else. */
export function soleChannel({ channel, at }: RequestTarget): number | null {
  return typeof channel === "number" && at === undefined ? channel : null;
}

/**
 * Whether its one image is drawn by one map: by a channel's, or the weighted sum of several of one
 * layer. A place of it, a direction or a layer is looked for in all channels, and so is what is to
 * differ.
 */
export function isOfOneMap(target: RequestTarget): boolean {
  const { diversity = 1 } = target;
  return isMap(target) && layersOfSum(target).length === 0 && diversity === 1;
}

/**
 * What stands under a target's tile: "zebra - 0.5*tiger", "#12 at 3,5", "like snail, cos 0". A
 * channel that no class names is "#12", so that no number is taken for a weight; of another layer
 * than the request's "conv1#12".
 *
 * @param nameOf what a channel is called
 */
export function targetLabel(
  { target, index, images }: TargetUnit,
  nameOf: (channel: SummedChannel) => string,
): string {
  const place = target.at === undefined ? "" : ` at ${[target.at].flat().join(",")}`;
  return `${whatIs(target, nameOf)}${place}${powerOf(target)}${numberOf({ index, images })}`;
}

/** A target's label without the number of the one of its images. */
export function withoutNumber(label: string, { index, images }: TargetUnit): string {
  const number = numberOf({ index, images });
  return label.endsWith(number) ? label.slice(0, label.length - number.length) : label;
}

/** What tells images of one target apart. */
function numberOf({ index, images }: Omit<TargetUnit, "target">): string {
  return images === 1 ? "" : ` ${index + 1}/${images}`;
}

/** What tells directions of one file apart; the default goes without saying. */
function powerOf({ cosinePower = DEFAULT_COSINE_POWER }: RequestTarget): string {
  return cosinePower === DEFAULT_COSINE_POWER ? "" : `, cos ${shortened(cosinePower)}`;
}

function shortened(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** A file's name without its folder, its extension, and the digest that uploads are named by. */
function fileName(path: string): string {
  return basename(path, extname(path)).replace(/^[0-9a-f]{32}-(?=.)/, "");
}

function whatIs(target: RequestTarget, nameOf: (channel: SummedChannel) => string): string {
  if (target.direction !== undefined) return `along ${fileName(target.direction)}`;
  if (target.activationOf !== undefined) return `like ${fileName(target.activationOf)}`;
  if (target.layer) return "layer";
  if (target.channel !== undefined) return nameOf(summedOfKey(`${target.channel}`));
  const terms = Object.entries(target.channels ?? {}).map(([channel, weight], i) => {
    const [first, later] = weight < 0 ? ["-", " - "] : ["", " + "];
    const size = Math.abs(weight);
    const factor = size === 1 ? "" : `${shortened(size)}*`;
    return `${i === 0 ? first : later}${factor}${nameOf(summedOfKey(channel))}`;
  });
  return terms.join("");
}
