import { basename } from "node:path";

import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import type { Attribution } from "../../lib/optvis/quality/attribution.ts";
import type { Report } from "./judge-report.ts";
import { table } from "./terminal.ts";

/** A class as a network sees it in a photograph. */
export interface SeenClass {
  /** 1-based. */
  readonly channel: number;
  /** Its name, or its number where it has none. */
  readonly label: string;
  readonly activation: number;
  /** 0 to 1; `null` where the network has no classes. */
  readonly probability: number | null;
}

export interface Explanation {
  /** Path. */
  readonly photo: string;
  /** Whose channels speak. */
  readonly layer: LayerWithChannels;
  /** The class that they speak for. */
  readonly of: SeenClass;
  /** All classes, the most activated first. */
  readonly most: readonly SeenClass[];
  readonly attribution: Attribution;
  /** The channels that are shown. */
  readonly top: Attribution["channels"];
}

/** Classes that are named of what the network sees. */
const NAMED_CLASSES = 3;

export function explanationReport(explanation: Explanation): Report {
  const { photo, layer, of, most, attribution, top } = explanation;
  const seen = most.slice(0, NAMED_CLASSES);
  const sum = attribution.channels.reduce((all, { contribution }) => all + contribution, 0);
  const { score } = attribution;
  // of a score below zero there are no shares
  const shareOf = (contribution: number) =>
    score > 0 ? [`${((100 * contribution) / score).toFixed(0)} %`] : [];
  const rows = top.map(({ channel, contribution }) => [
    String(channel),
    signed(contribution),
    ...shareOf(contribution),
  ]);
  const heads = ["Channel", "Contribution", ...(score > 0 ? ["Of the score"] : [])];
  return {
    text: [
      `${basename(photo)}: the network sees ${seen.map(inWords).join(", ")}`,
      `${of.label}: score ${inDigits(score)}, of which the ${layer.channels} channels of '${layer.name}' contribute ${inDigits(sum)}; most of all`,
      table(heads, rows, [0, 1, 2]),
    ].join("\n"),
    json: {
      photo,
      layer: { index: layer.index, name: layer.name },
      class: of,
      seen,
      score,
      contributed: sum,
      mapSize: attribution.mapSize,
      places: [...attribution.places],
      channels: attribution.channels.map(({ channel, contribution }) => ({
        channel,
        contribution,
      })),
    },
  };
}

/** "tiger 97 %" */
export function inWords({ label, probability, activation }: SeenClass): string {
  if (probability === null) return `${label} (${inDigits(activation)})`;
  return `${label} ${(100 * probability).toFixed(probability < 0.1 ? 1 : 0)} %`;
}

/** "+1.83" */
export function signed(contribution: number): string {
  return `${contribution < 0 ? "" : "+"}${inDigits(contribution)}`;
}

/** "1.83", and of small ones as many digits. */
function inDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
