import { z } from "zod";

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
  meanRobustness: share,
  /** Shares of the tiles: the own channel is the layer's most activated; robustness at least 0.5. */
  selective: share,
  robust: share,
  blank: share,
  washedOut: share,
  noisy: share,
  redrawn: share,
});

/** The quality cards of a sheet in one. */
export type SheetQuality = z.infer<typeof sheetQualitySchema>;

/** @returns `null` for a sheet without any image */
export function sheetQuality(results: Iterable<ChannelResult>): SheetQuality | null {
  const cards = [...results].flatMap((result) => (result.state === "ok" ? [result.quality] : []));
  if (cards.length === 0) return null;
  type Card = OkResult["quality"];
  const mean = (figure: (card: Card) => number) =>
    cards.reduce((sum, card) => sum + figure(card), 0) / cards.length;
  const shareOf = (holds: (card: Card) => boolean) => mean((card) => (holds(card) ? 1 : 0));
  const probabilities = cards.flatMap(({ source }) => source?.probability ?? []);
  return {
    tiles: cards.length,
    meanLuminanceDeviation: mean(({ luminanceDeviation }) => luminanceDeviation),
    meanFineShare: mean(({ fineShare }) => fineShare),
    meanProbability:
      probabilities.length === 0 ? null : mean(({ source }) => source?.probability ?? 0),
    meanRobustness: mean(({ source }) => source?.robustness ?? 0),
    selective: shareOf(({ selective }) => selective),
    robust: shareOf(({ source }) => source !== null && source.robustness >= THRESHOLDS.fragile),
    blank: shareOf(({ marks }) => marks.includes("blank")),
    washedOut: shareOf(({ marks }) => marks.includes("washed out")),
    noisy: shareOf(({ marks }) => marks.includes("noisy")),
    redrawn: shareOf(({ redrawn }) => redrawn),
  };
}

/** The summary in one line, for people. */
export function describeSheetQuality(quality: SheetQuality): string {
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  return [
    `selective ${percent(quality.selective)}`,
    `robust ${percent(quality.robust)} (mean ${quality.meanRobustness.toFixed(2)})`,
    `luminance deviation ${quality.meanLuminanceDeviation.toFixed(2)}`,
    `fine detail ${percent(quality.meanFineShare)}`,
    `blank ${percent(quality.blank)}`,
    `redrawn ${percent(quality.redrawn)}`,
  ].join(", ");
}
