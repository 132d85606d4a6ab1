import { join, parse, resolve } from "node:path";

import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { type FloatTensor, floatTensor } from "../../lib/onnx/tensor.ts";
import { placeCount } from "../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { factorise, MOST_ITERATIONS } from "../../lib/optvis/concepts/factorisation.ts";
import { mapShapeAt } from "../../lib/optvis/graph/layer-pass.ts";
import { scoreWeights } from "../../lib/optvis/quality/attribution.ts";
import { uniformFrom } from "../../lib/optvis/random.ts";
import { findConcepts } from "../../lib/pipeline/dataset/find-concepts.ts";
import { gatherActivations } from "../../lib/pipeline/dataset/gather-activations.ts";
import { checkTakesPhotographs } from "../../lib/pipeline/dataset/look-at-photographs.ts";
import { photographOf, photographsAt } from "../../lib/pipeline/dataset/photographs.ts";
import { namedLayer } from "../../lib/pipeline/explain/attributed-layer.ts";
import {
  classChannelOf,
  classLabels,
  classLayerOf,
} from "../../lib/pipeline/explain/class-layer.ts";
import { gridOf, tokenGrids } from "../../lib/pipeline/explain/token-grid.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
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
import { analysingOnce, asReference, openLayer } from "./network.ts";
import { showFile } from "./open-in-viewer.ts";
import { renderRequests } from "./render-requests.ts";
import { printReport } from "./report.ts";
import { resultPaths } from "./result-paths.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface ConceptsFlags extends DrawingFlags {
  readonly layer: string;
  readonly photos: string;
  readonly count: number;
  readonly class?: string;
  readonly seed: number;
}

/** Vectors that are factored, taken evenly of all photographs: more change little, and take longer. */
const MOST_VECTORS = 10_000;

/**
 * Finds the concepts that a layer tells apart in photographs, writes their directions and the request
 * that draws them, draws them as `dream` does, and lays them above the photographs that have them.
 *
 * @throws UsageError; LayerNotFoundError; NetworkError; as `renderRequests`
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
  const opened = await openLayer({ network: idOrPath, layer: flags.layer }, terminal, flags);
  const { model: network, layer } = opened;
  checkTakesPhotographs(opened);
  const asked = askedClass(flags, opened);
  const { base, name: withoutEnding } = parse(resolve(photos));
  const subject = paths.includes(photos) ? withoutEnding : base;
  const drawnAs = (labels: readonly string[]) =>
    drawnDirections(idOrPath, opened, {
      name: [layer.name, subject, ...(asked ? [asked.of.label] : [])].join("-"),
      title: `concepts of ${layer.name} in ${base}`,
      seed,
      labels,
    });
  const planned = drawnAs([]);
  const places = placesOf(opened, paths.length);
  checkEnough(places * paths.length, flags);
  // what is refused is refused before photographs are looked at
  await checkDirections(planned, [layer.channels, 1, count], flags, once);
  if (flags.dryRun) return;
  const sheet = join(out, `${planned.name}.concepts.png`);
  await checkNoFolders([...filesOfDirections(out, planned), sheet]);
  await withFolder(out, async () => {
    const photographs = paths.map(photographOf);
    const at = { network: opened, layer };
    const shown = { photographs: paths.length, threads: flags.threads };
    const look = { ...shown, label: "looking at photographs" };
    const { vectors } = await showLooking(look, terminal, (looking) =>
      gatherActivations(photographs, { ...at, places, seed }, looking),
    );
    const directions = factored(vectors, flags, terminal);
    const grid = gridOf(layer, tokenGrids(opened.layers, network.inputSize));
    const search = { ...at, grid, score: asked?.score ?? null };
    // which photographs are left out has been told before
    const quiet = { ...terminal, note: () => undefined };
    const found = await showLooking({ ...shown, label: "looking for concepts" }, quiet, (looking) =>
      findConcepts(photographs, directions, search, looking),
    );
    const findings = { ...found, given: photos, paths, layer, of: asked?.of ?? null };
    const drawn = drawnAs(found.concepts.map(conceptLabel));
    printReport(conceptsReport(findings), { kind: "concepts", request: drawn.name }, flags, given);
    const requests = await writeDirections(out, drawn, inOneRow(findings), terminal);
    await renderRequests(requests, { ...flags, open: false }, once);
    await writeConceptsSheet(sheet, findings, resultPaths(out, drawn.name).manifest);
  });
  given.note(`${sheet}  (the concepts, and the photographs that have most of them)`);
  if (flags.open) await showFile(sheet, given);
}

/** The class that is asked about, and its score; `null`: none. */
function askedClass(
  { class: word, layer }: ConceptsFlags,
  network: AnalysedNetwork & { readonly layer: LayerWithChannels },
) {
  if (word === undefined) return null;
  const classes = classLayerOf(network);
  namedLayer(network, classes, asReference(layer));
  const channel = classChannelOf(asReference(word), classes, network);
  const weights = scoreWeights(channel, classes.layer.channels, classes.kind);
  return {
    of: { channel, label: classLabels(classes, network)(channel) },
    score: { network: network.model, layer: classes.layer, weights },
  };
}

/** Places of each photograph that are looked at, as many of each. */
function placesOf(
  { model, layer }: AnalysedNetwork & { readonly layer: LayerWithChannels },
  photographs: number,
): number {
  const most = placeCount(mapShapeAt(model.model, layer, model.inputSize));
  return Math.min(most, Math.max(1, Math.floor(MOST_VECTORS / photographs)));
}

function checkEnough(vectors: number, { count, photos }: Pick<ConceptsFlags, "count" | "photos">) {
  if (vectors >= count) return;
  throw new UsageError(
    `${photos}: it gives ${several(vectors, "vector")} of the layer; wanted at least ${count}, one for each concept; give more photographs or a smaller --count`,
  );
}

function factored(
  activations: readonly Float32Array[],
  { count, photos, seed }: ConceptsFlags,
  terminal: Terminal,
): readonly Float64Array[] {
  using bar = new WorkBar(terminal, "factoring activations", MOST_ITERATIONS);
  const onIteration = (done: number) => bar.show(done);
  const { directions } = factorise(activations, count, uniformFrom("concepts", seed), {
    onIteration,
  });
  if (directions.length === 0) {
    throw new UsageError(
      `${photos}: the layer has nothing above zero at the places looked at; choose another --layer`,
    );
  }
  if (directions.length < count) {
    terminal.note(
      `no more than ${several(directions.length, "concept")}: the layer has so many independent vectors there`,
    );
  }
  return directions;
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
