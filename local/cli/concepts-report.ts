import { parse } from "node:path";

import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import type { FoundConcept, FoundConcepts } from "../../lib/pipeline/dataset/find-concepts.ts";
import { several } from "../several.ts";
import { inDigits, percent, type Report, signed } from "./report.ts";
import { table } from "./terminal.ts";

/** Concepts, and what was asked about. */
export interface ConceptsFindings extends FoundConcepts {
  /** Path of the photographs, or of the only one. */
  readonly given: string;
  /** Of each photograph. */
  readonly paths: readonly string[];
  readonly layer: LayerWithChannels;
  /** The class that they speak for; `null`: none was named. */
  readonly of: { readonly channel: number; readonly label: string } | null;
}

/** Columns of a table: numbers on the right. */
const NUMBERS = [0, 1, 2, 3];

export function conceptsReport(findings: ConceptsFindings): Report {
  const { given, paths, layer, of, concepts, photos, negative, score, contributed } = findings;
  const explained = concepts.reduce((sum, { share }) => sum + share, 0);
  const found = [
    `${several(concepts.length, "concept")} of '${layer.name}' in ${several(photos, "photograph")}: ${percent(explained)} of the squares of its activations`,
    ...(negative > 0 ? [negativeNotice(negative)] : []),
  ].join("; ");
  const ofScore =
    of === null || score === null || contributed === null
      ? []
      : [
          `${of.label}: score ${inDigits(score)}${photos > 1 ? " in the mean" : ""}, of which the ${layer.channels} channels contribute ${inDigits(contributed)}, ${inDigits(spoken(concepts))} in ${several(concepts.length, "concept")}`,
        ];
  const rows = concepts.map(({ share, contribution, strongest }, i) => [
    String(i + 1),
    percent(share),
    ...(contribution === null ? [] : [signed(contribution)]),
    ...shareOf(findings, contribution),
    ...(photos > 1
      ? [strongest.map(({ photograph }) => parse(paths[photograph]!).name).join(", ")]
      : []),
  ]);
  const heads = [
    "Concept",
    "Of the activations",
    ...(of === null ? [] : ["Contribution"]),
    ...shareOf(findings, 0).map(() => "Of the score"),
    ...(photos > 1 ? ["Strongest in"] : []),
  ];
  const right = NUMBERS.slice(0, heads.length - (photos > 1 ? 1 : 0));
  return {
    text: [found, ...ofScore, table(heads, rows, right)].join("\n"),
    json: {
      photos: given,
      photographs: photos,
      layer: { index: layer.index, name: layer.name },
      explained,
      negative,
      class: of,
      score,
      contributed,
      mapSize: findings.mapSize,
      concepts: concepts.map(({ share, contribution, strongest }) => ({
        share,
        contribution,
        strongest: strongest.map(({ photograph, most, places }) => ({
          path: paths[photograph]!,
          most,
          places: [...places],
        })),
      })),
    },
  };
}

/** "18 %", and with a class what it contributes. */
export function conceptLabel({ share, contribution }: FoundConcept): string {
  return contribution === null ? percent(share) : `${percent(share)}  ${signed(contribution)}`;
}

function negativeNotice(negative: number): string {
  return `what is below zero, ${percent(negative)} of the squares of all, counts as 0, as behind a rectifier`;
}

function spoken(concepts: readonly FoundConcept[]): number {
  return concepts.reduce((sum, { contribution }) => sum + (contribution ?? 0), 0);
}

/** Of a score below zero there are no shares. */
function shareOf({ score }: FoundConcepts, contribution: number | null): readonly string[] {
  if (score === null || contribution === null || score <= 0) return [];
  return [percent(contribution / score)];
}
