import type { Look } from "./look.ts";
import type { SourceFigures } from "./source-figures.ts";

/** What a picture falls short of. */
export const MARKS = ["blank", "washed out", "noisy", "fragile"] as const;
export type Mark = (typeof MARKS)[number];

/**
 * Where a picture is marked. Photographs have a luminance deviation of 0.10 to 0.29 and a fine
 * share of 0.02.
 */
export const THRESHOLDS = {
  /** Luminance deviation below which nothing is to be seen. */
  blank: 0.05,
  /** And below which it looks grey. */
  washedOut: 0.1,
  /** Fine share above which it looks like noise. */
  noisy: 0.15,
  /** Robustness below which a small change makes it another picture to the network. */
  fragile: 0.5,
} as const;

/** The figures of one picture, all of the 8-bit pixels that people see. */
export interface QualityCard extends Look {
  /** `null` where the network's activations are not finite, or no channel was to be excited. */
  readonly source: SourceFigures | null;
  /** Whether the own channel is the most activated of its layer; `null` for no one channel. */
  readonly selective: boolean | null;
  readonly marks: readonly Mark[];
}

/** @param figures `null` where activations are not finite */
export function qualityCard(look: Look, figures: SourceFigures | null | "no channel"): QualityCard {
  const source = figures === "no channel" ? null : figures;
  const { luminanceDeviation, fineShare } = look;
  const isBlank = luminanceDeviation < THRESHOLDS.blank;
  const fails: Readonly<Record<Mark, boolean>> = {
    blank: isBlank,
    "washed out": !isBlank && luminanceDeviation < THRESHOLDS.washedOut,
    noisy: fineShare > THRESHOLDS.noisy,
    fragile:
      figures !== "no channel" && (source === null || source.robustness < THRESHOLDS.fragile),
  };
  return {
    luminanceDeviation,
    fineShare,
    source,
    selective: figures === "no channel" ? null : source?.rank === 1,
    marks: MARKS.filter((mark) => fails[mark]),
  };
}

/** Whether another seed may do better: the picture is blank, or a small change undoes it. */
export function deservesAnotherSeed({ marks }: QualityCard): boolean {
  return marks.includes("blank") || marks.includes("fragile");
}

/**
 * Whether the second picture is the one to keep: not blank, then robuster; a tie keeps the first.
 */
export function isBetter(second: QualityCard, first: QualityCard): boolean {
  const isBlank = (card: QualityCard) => card.marks.includes("blank");
  if (isBlank(second) !== isBlank(first)) return isBlank(first);
  return (second.source?.robustness ?? 0) > (first.source?.robustness ?? 0);
}
