import * as z from "zod";

import { THRESHOLDS } from "../../optvis/quality/card.ts";
import type { ChannelResult, OkResult } from "../job/result.ts";

const share = z.number().min(0).max(1);

export const sheetQualitySchema = z.strictObject({
  /** Tiles that there is an image of; means and shares are over them. */
  tiles: z.int().min(1),
  meanLuminanceDeviation: share,
  meanFineShare: share,
  /** `null` where the channels are no classes. */
  meanProbability: share.nullable(),
  /** The next three are of the tiles of one channel each; `null` where there are none. */
  meanRobustness: share.nullable(),
  /** Shares: the own channel is the layer's most activated; robustness at least 0.5. */
  selective: share.nullable(),
  robust: share.nullable(),
  blank: share,
  washedOut: share,
  noisy: share,
  redrawn: share,
});

/** The quality cards of a sheet in one. */
export type SheetQuality = z.infer<typeof sheetQualitySchema>;

/** The quality of a sheet's images together; `null` where it has none. */
export function sheetQuality(results: Iterable<ChannelResult>): SheetQuality | null {
  const cards = [...results].flatMap((result) => (result.state === "ok" ? [result.quality] : []));
  if (cards.length === 0) return null;
  type Card = OkResult["quality"];
  const meanOver = (some: readonly Card[], figure: (card: Card) => number) =>
    some.reduce((sum, card) => sum + figure(card), 0) / some.length;
  const mean = (figure: (card: Card) => number) => meanOver(cards, figure);
  const ofChannels = cards.filter(({ selective }) => selective !== null);
  const channelMean = (figure: (card: Card) => number) =>
    ofChannels.length === 0 ? null : meanOver(ofChannels, figure);
  const shareOf = (holds: (card: Card) => boolean) => mean((card) => (holds(card) ? 1 : 0));
  const probabilities = cards.flatMap(({ source }) => source?.probability ?? []);
  return {
    tiles: cards.length,
    meanLuminanceDeviation: mean(({ luminanceDeviation }) => luminanceDeviation),
    meanFineShare: mean(({ fineShare }) => fineShare),
    meanProbability:
      probabilities.length === 0 ? null : mean(({ source }) => source?.probability ?? 0),
    meanRobustness: channelMean(({ source }) => source?.robustness ?? 0),
    selective: channelMean(({ selective }) => (selective === true ? 1 : 0)),
    robust: channelMean(({ source }) => ((source?.robustness ?? 0) >= THRESHOLDS.fragile ? 1 : 0)),
    blank: shareOf(({ marks }) => marks.includes("blank")),
    washedOut: shareOf(({ marks }) => marks.includes("washed out")),
    noisy: shareOf(({ marks }) => marks.includes("noisy")),
    redrawn: shareOf(({ redrawn }) => redrawn),
  };
}

/** The summary in one line, for people. */
export function describeSheetQuality(quality: SheetQuality): string {
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  const { selective, robust, meanRobustness } = quality;
  return [
    ...(selective === null ? [] : [`selective ${percent(selective)}`]),
    ...(robust === null || meanRobustness === null
      ? []
      : [`robust ${percent(robust)} (mean ${meanRobustness.toFixed(2)})`]),
    `luminance deviation ${quality.meanLuminanceDeviation.toFixed(2)}`,
    `fine detail ${percent(quality.meanFineShare)}`,
    `blank ${percent(quality.blank)}`,
    `redrawn ${percent(quality.redrawn)}`,
  ].join(", ");
}
