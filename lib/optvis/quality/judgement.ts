import type { Planes } from "../../image/raster.ts";
import type { AscentEngine } from "../ascent/engine.ts";
import { channelMeans, type Viewer } from "./examine.ts";
import { type ChannelKind, probabilities } from "./source-figures.ts";

/** What another network sees in a picture of a class. */
export interface Judgement {
  /** Place of the class among all, 1 for the most probable; of several classes the first. */
  readonly rank: number;
  /** Of the class, 0 to 1; of several classes together. */
  readonly probability: number;
  /** The most probable class, 0-based. */
  readonly first: number;
}

/** Shares of a sheet of classes that another network should recognise at first, among five. */
export const RECOGNISED = { top1: 0.5, top5: 0.7 } as const;

/**
 * Lets a classifier judge a picture.
 *
 * @param picture planes of 0..255, of the network's input size
 * @param wanted classes that the picture may be of, 0-based, at least one
 * @returns `null` where its outputs are not finite: it sees nothing
 */
export async function judgePicture(
  engine: AscentEngine,
  judge: Viewer & { readonly kind: ChannelKind },
  picture: Planes,
  wanted: ReadonlySet<number>,
): Promise<Judgement | null> {
  const [means] = await channelMeans(engine, judge, picture);
  if (!means!.every(Number.isFinite)) return null;
  return judgementOf(probabilities(means!, judge.kind), wanted);
}

/** @param of probability of each class */
export function judgementOf(of: Float64Array, wanted: ReadonlySet<number>): Judgement {
  const best = Math.max(...[...wanted].map((index) => of[index]!));
  const first = of.reduce((most, probability, i) => (probability > of[most]! ? i : most), 0);
  return {
    // another class that ties comes before: a judge that sees nothing recognises nothing
    rank: 1 + of.filter((probability, i) => !wanted.has(i) && probability >= best).length,
    probability: [...wanted].reduce((sum, index) => sum + of[index]!, 0),
    first,
  };
}
