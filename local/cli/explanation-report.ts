import { basename } from "node:path";

import type { Attribution } from "../../lib/optvis/quality/attribution.ts";
import type { Explanation, SeenClass } from "../../lib/pipeline/explain/explain.ts";
import { pixelFigures } from "../../lib/pipeline/explain/figures.ts";
import { cancelTogether, mutePlaces } from "../../lib/pipeline/explain/token-grid.ts";
import { several } from "../several.ts";
import { inDigits, percent, type Report, signed } from "./report.ts";
import { table } from "./terminal.ts";

/** An explanation, and what is shown of it. */
export interface ShownExplanation extends Explanation {
  /** Path. */
  readonly photo: string;
  /** The channels that are shown. */
  readonly top: Attribution["channels"];
}

/** Classes that are named of what the network sees. */
const NAMED_CLASSES = 3;

export function explanationReport(explanation: ShownExplanation): Report {
  const { photo, layer, of, attribution, top } = explanation;
  const seen = explanation.seen.slice(0, NAMED_CLASSES);
  const { score, channels, places, specialTokens } = attribution;
  const sum = sumOf(channels.map(({ contribution }) => contribution));
  // of a score below zero there are no shares
  const hasShares = score > 0 && !cancelTogether(attribution);
  const shareOf = (contribution: number) =>
    hasShares ? [`${((100 * contribution) / score).toFixed(0)} %`] : [];
  const rows = top.map(({ channel, contribution }) => [
    String(channel),
    signed(contribution),
    ...shareOf(contribution),
  ]);
  const heads = ["Channel", "Contribution", ...(hasShares ? ["Of the score"] : [])];
  return {
    text: [
      `${basename(photo)}: the network sees ${seen.map(inWords).join(", ")}`,
      `${of.label}: score ${inDigits(score)}, of which the ${layer.channels} channels of '${layer.name}' contribute ${inDigits(sum)}${ofTokens(specialTokens, sumOf(specialTokens))}; most of all`,
      table(heads, rows, [0, 1, 2]),
      ...aboutPlaces(explanation),
      ...aboutPixels(explanation),
    ].join("\n"),
    json: {
      photo,
      layer: { index: layer.index, name: layer.name },
      class: of,
      seen,
      score,
      contributed: sum,
      mapSize: attribution.mapSize,
      places: [...places],
      specialTokens: [...specialTokens],
      ...(explanation.pixels === null ? {} : { pixels: pixelFigures(explanation.pixels) }),
      channels: channels.map(({ channel, contribution }) => ({
        channel,
        contribution,
      })),
    },
  };
}

/** What of the sum is of no place of the image. */
function ofTokens({ length }: Float64Array, sum: number): string {
  if (length === 0) return "";
  const tokens = length === 1 ? "the class token" : `${length} class and register tokens`;
  return `, ${inDigits(sum)} of it at ${tokens}`;
}

/** What has to be said of the places that are lit, or are not. */
function aboutPlaces({ attribution, layer }: Explanation): readonly string[] {
  const why = mutePlaces(attribution);
  if (why === null) return cancelTogether(attribution) ? [ofCancelled(layer.name)] : [];
  return [
    why === "unread"
      ? `no place of '${layer.name}' is read any more, but for the class token; choose a layer before it with --layer`
      : `at each place of '${layer.name}' the contributions of its channels cancel, as of what a normalisation takes; choose what it makes with --layer`,
  ];
}

const ofCancelled = (layer: string) =>
  `the contributions of all channels of '${layer}' cancel, as a normalisation behind it takes no notice of how large they are together: they say which speak more for the class than others, and no share of the score`;

/** Whether the pixels contribute what the score differs by from that of a grey image. */
function aboutPixels({ pixels }: Explanation): readonly string[] {
  if (pixels === null) return [];
  const { score, baselineScore, contributed, steps, noise } = pixelFigures(pixels);
  const gained = score - baselineScore;
  const share = gained === 0 ? "" : ` (${percent(Math.abs(contributed / gained - 1))})`;
  const under = noise === 0 ? "" : ` under noise of ${percent(noise)}`;
  return [
    `pixels, by ${several(steps, "step")}${under}: from grey to the photograph the score goes from ${inDigits(baselineScore)} to ${inDigits(score)}, of which they contribute ${inDigits(contributed)}; off by ${inDigits(Math.abs(contributed - gained))}${share}`,
  ];
}

/** "tiger 97 %" */
export function inWords({ label, probability, activation }: SeenClass): string {
  if (probability === null) return `${label} (${inDigits(activation)})`;
  return `${label} ${percent(probability)}`;
}

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}
