import { join, parse, resolve } from "node:path";

import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";
import { planConcepts, seekConcepts } from "../../lib/pipeline/dataset/concepts.ts";
import { photographOf, photographsAt } from "../../lib/pipeline/dataset/photographs.ts";
import { several } from "../several.ts";
import type { DrawingFlags } from "./check-run.ts";
import { conceptLabel, type ConceptsFindings, conceptsReport } from "./concepts-report.ts";
import { writeConceptsSheet } from "./concepts-sheet.ts";
import {
  checkDirections,
  drawnDirections,
  filesOfDirections,
  writeDirections,
} from "./drawn-directions.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import { showLooking } from "./look-at-photographs.ts";
import { analysingOnce, asReference, openForCommand } from "./network.ts";
import { showFile } from "./open-in-viewer.ts";
import { renderRequests } from "./render-requests.ts";
import { printReport } from "./report.ts";
import { resultPaths } from "./result-paths.ts";
import { type Terminal, terminalOf } from "./terminal.ts";

export interface ConceptsFlags extends DrawingFlags {
  readonly layer: string;
  readonly photos: string;
  readonly count: number;
  readonly class?: string;
  readonly seed: number;
}

/**
 * Finds the concepts that a layer tells apart in photographs, writes their directions and the request
 * that draws them, draws them as `dream` does, and lays them above the photographs that have them.
 *
 * @throws as `planConcepts`, `seekConcepts` and `renderRequests`
 */
export async function runConcepts(
  idOrPath: string,
  flags: ConceptsFlags,
  given: Terminal,
): Promise<void> {
  const { photos, count, out, seed } = flags;
  const once = analysingOnce(given);
  const terminal = terminalOf(flags, once);
  const paths = await photographsAt(photos);
  const opened = await openForCommand(idOrPath, terminal, flags);
  const question = {
    layer: asReference(flags.layer),
    count,
    class: flags.class === undefined ? undefined : asReference(flags.class),
    seed,
  };
  const plan = planConcepts(opened, question, paths.length);
  const { layer, class: of } = plan;
  const drawnLayer = { ...opened, layer };
  const { base, name: withoutEnding } = parse(resolve(photos));
  const subject = paths.includes(photos) ? withoutEnding : base;
  const drawnAs = (labels: readonly string[]) =>
    drawnDirections(idOrPath, drawnLayer, {
      name: [layer.name, subject, ...(of ? [of.label] : [])].join("-"),
      title: `concepts of ${layer.name} in ${base}`,
      seed,
      labels,
    });
  const planned = drawnAs([]);
  // what is refused is refused before photographs are looked at
  await checkDirections(planned, [layer.channels, 1, count], flags, once);
  if (flags.dryRun) return;
  const sheet = join(out, `${planned.name}.concepts.png`);
  await checkNoFolders([...filesOfDirections(out, planned), sheet]);
  await withFolder(out, async () => {
    const found = await showLooking(paths.length, terminal, (looking) =>
      seekConcepts(paths.map(photographOf), plan, { ...looking, threads: flags.threads }),
    );
    if (found.concepts.length < count) {
      terminal.note(
        `no more than ${several(found.concepts.length, "concept")}: the layer has so many independent vectors there`,
      );
    }
    const findings = { ...found, given: photos, paths, layer, of };
    const drawn = drawnAs(found.concepts.map(conceptLabel));
    printReport(conceptsReport(findings), { kind: "concepts", request: drawn.name }, flags, given);
    const requests = await writeDirections(out, drawn, inOneRow(findings), terminal);
    await renderRequests(requests, { ...flags, open: false }, once);
    await writeConceptsSheet(sheet, findings, resultPaths(out, drawn.name).manifest);
  });
  given.note(`${sheet}  (the concepts, and the photographs that have most of them)`);
  if (flags.open) await showFile(sheet, given);
}

/** [C, 1, k] */
function inOneRow({ concepts, layer }: ConceptsFindings): FloatTensor {
  const k = concepts.length;
  const data = Float32Array.from(
    { length: layer.channels * k },
    (_, i) => concepts[i % k]!.direction[Math.floor(i / k)]!,
  );
  return floatTensor([layer.channels, 1, k], data);
}
