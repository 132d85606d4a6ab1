import { basename, join, parse } from "node:path";

import { encodeNpy } from "../../lib/image/npy.ts";
import { readPicture } from "../../lib/image/user-file.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { seenPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import type { Attribution } from "../../lib/optvis/quality/attribution.ts";
import { type PixelAttribution, stepsInAll } from "../../lib/optvis/quality/pixel-attribution.ts";
import { PIXEL_DEFAULTS } from "../../lib/optvis/quality/pixel-options.ts";
import { classLayerOf, otherClassLayers } from "../../lib/pipeline/explain/class-layer.ts";
import { explainImage } from "../../lib/pipeline/explain/explain.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import type { DrawingFlags } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { explanationReport, type ShownExplanation } from "./explanation-report.ts";
import { writeExplanationSheet } from "./explanation-sheet.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import { asReference, openForCommand } from "./network.ts";
import { showFile } from "./open-in-viewer.ts";
import { renderRequests } from "./render-requests.ts";
import { printReport } from "./report.ts";
import { resultPaths } from "./result-paths.ts";
import { channelsRequest, sheetName } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";
import { writeWhole } from "./write-whole.ts";

export interface ExplainFlags extends DrawingFlags {
  readonly class?: string;
  readonly layer?: string;
  readonly top: number;
  readonly pixels?: boolean;
  readonly steps?: number;
  /** Standard deviation, as a share of 0..255. */
  readonly noise?: number;
}

export async function runExplain(
  idOrPath: string,
  photo: string,
  flags: ExplainFlags,
  terminal: Terminal,
): Promise<void> {
  checkOfPixels(flags);
  if (flags.dryRun) return explainThere(idOrPath, photo, flags, terminal);
  // what is in the way is found before minutes are spent on pixels
  await withFolder(flags.out, () => explainThere(idOrPath, photo, flags, terminal));
}

function checkOfPixels({ pixels, steps, noise }: ExplainFlags): void {
  if (pixels) return;
  if (steps !== undefined) throw new UsageError("--steps: want --pixels, which it is of");
  if (noise !== undefined) throw new UsageError("--noise: want --pixels, which it is of");
}

/** With the folder in place that results go into, unless nothing is written. */
async function explainThere(
  idOrPath: string,
  photo: string,
  flags: ExplainFlags,
  terminal: Terminal,
): Promise<void> {
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const network = await openForCommand(idOrPath, shown, flags);
  noteOtherClasses(network, shown);
  const explanation = await explain(network, photo, flags, shown);
  const { layer, of, top } = explanation;
  const name = sheetName(idOrPath, `${layer.name}-${parse(photo).name}-${of.label}`);
  const out = join(flags.out, `${name}.explanation.png`);
  const numbers = join(flags.out, `${name}.pixels.npy`);
  await checkNoFolders([out, numbers]);
  const report = explanationReport(explanation);
  printReport(report, { kind: "explanation", request: name }, flags, terminal);

  const drawn = {
    name,
    title: `${layer.name}: for ${of.label} in ${basename(photo)}`,
    network: idOrPath,
    layer,
    channels: top.map(({ channel }) => channel),
  };
  const named = channelsRequest(drawn, suggestionsOf(network)(layer));
  if (flags.dryRun) return dryRun([named], flags, terminal);
  await renderRequests([named], { ...flags, open: false }, terminal);
  await writeExplanationSheet(out, explanation, resultPaths(flags.out, name).manifest);
  if (explanation.pixels !== null) await writePixels(numbers, explanation.pixels, shown);
  terminal.note(`${out}  (the photograph, and the channels that speak for ${of.label})`);
  if (flags.open) await showFile(out, terminal);
}

/** A network may end in several layers, as one for kinds and one for ages. */
function noteOtherClasses(network: AnalysedNetwork, { note }: Terminal): void {
  const classes = classLayerOf(network);
  const [other] = otherClassLayers(classes, network);
  if (other === undefined) return;
  note(
    `${network.description.id} ends in '${other.name}' and '${classes.layer.name}': the classes are those of '${classes.layer.name}', the last; names of the other's, given to dreamgrid models add --labels, choose that`,
  );
}

async function explain(
  network: AnalysedNetwork,
  photo: string,
  flags: ExplainFlags,
  terminal: Terminal,
): Promise<ShownExplanation> {
  const planes = await seenPlanes(await readPicture(photo), network.model);
  const { steps = PIXEL_DEFAULTS.steps, noise = PIXEL_DEFAULTS.noise } = flags;
  await using engine = new AscentEngine({ threads: flags.pixels ? flags.threads : 1 });
  using bar = new WorkBar(terminal, "looking at pixels", stepsInAll({ steps, noise }));
  const question = {
    class: flags.class === undefined ? undefined : asReference(flags.class),
    layer: flags.layer === undefined ? undefined : asReference(flags.layer),
    pixels: flags.pixels ? { steps, noise, onStep: (done: number) => bar.show(done) } : undefined,
  };
  const explanation = await explainImage(engine, network, planes, question);
  return { ...explanation, photo, top: topOf(explanation.attribution, flags.top) };
}

async function writePixels(
  out: string,
  { shape, data }: PixelAttribution,
  terminal: Terminal,
): Promise<void> {
  await writeWhole([out, encodeNpy(shape, Float32Array.from(data))]);
  terminal.note(`${out}  (what each pixel contributes)`);
}

/** Those that speak for it; the ascent draws nothing of what speaks against. */
function topOf({ channels }: Attribution, count: number): Attribution["channels"] {
  const top = channels.slice(0, count).filter(({ contribution }) => contribution > 0);
  if (top.length > 0) return top;
  throw new UsageError(
    "none of the layer's channels speaks for the class; choose another --class or --layer",
  );
}
