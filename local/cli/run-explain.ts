import { basename, join, parse } from "node:path";

import { firstSynonym } from "../../lib/networks/labels.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { channelPlace } from "../../lib/optvis/ascent/task.ts";
import { attribute, type Attribution, scoreWeights } from "../../lib/optvis/quality/attribution.ts";
import { channelMeans } from "../../lib/optvis/quality/examine.ts";
import { probabilities } from "../../lib/optvis/quality/source-figures.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { layerChannels, selectChannels } from "../../lib/pipeline/request/channel-selection.ts";
import { parseLocalRequest } from "../../lib/pipeline/request/request.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import type { NamedRequest, RenderFlags } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { attributedLayer, type ClassLayer, classLayerOf } from "./explained-layers.ts";
import { type Explanation, explanationReport } from "./explanation-report.ts";
import { writeExplanationSheet } from "./explanation-sheet.ts";
import { checkNoFolders } from "./folders.ts";
import type { InputFlags } from "./input-options.ts";
import { openForCommand } from "./network.ts";
import { openInViewer } from "./open-in-viewer.ts";
import { renderRequests } from "./render-requests.ts";
import { resultPaths } from "./result-paths.ts";
import { planesFor } from "./photographs.ts";
import { sheetName, sheetTitle, withNumbers } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface ExplainFlags
  extends InputFlags, Pick<RenderFlags, "out" | "data" | "threads" | "json" | "quiet"> {
  readonly class?: string;
  readonly layer?: string;
  readonly top: number;
  readonly dryRun?: boolean;
  readonly open?: boolean;
}

export async function runExplain(
  idOrPath: string,
  photo: string,
  flags: ExplainFlags,
  terminal: Terminal,
): Promise<void> {
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const network = await openForCommand(idOrPath, shown, flags);
  const explanation = await explain(network, photo, flags);
  const { layer, of } = explanation;
  const name = sheetName(idOrPath, `${layer.name}-${parse(photo).name}-${of.label}`);
  const out = join(flags.out, `${name}.explanation.png`);
  await checkNoFolders([out]);
  const { text, json } = explanationReport(explanation);
  const told = flags.json ? JSON.stringify({ kind: "explanation", request: name, ...json }) : text;
  if (!flags.quiet || flags.json) terminal.print(told);

  const named = requestFor(name, idOrPath, network, explanation);
  if (flags.dryRun) return dryRun([named], { ...flags, open: "no" }, terminal);
  await renderRequests([named], { ...flags, open: "no" }, terminal);
  await writeExplanationSheet(out, explanation, resultPaths(flags.out, name).manifest);
  terminal.note(`${out}  (the photograph, and the channels that speak for ${of.label})`);
  if (flags.open) await openInViewer(out, terminal.env);
}

/** Shares out the score of the class that is asked for, or that the network sees most. */
async function explain(
  network: AnalysedNetwork,
  photo: string,
  flags: Pick<ExplainFlags, "class" | "layer" | "top">,
): Promise<Explanation> {
  const classes = classLayerOf(network);
  const layer = attributedLayer(network, classes, flags.layer);
  const channel = flags.class === undefined ? null : classOf(flags.class, classes, network);
  const planes = await planesFor(network.model, photo);
  const engine = new AscentEngine({ threads: 1 });
  try {
    const viewer = { network: network.model, layer: classes.layer, provider: "cpu" } as const;
    const activations = (await channelMeans(engine, viewer, planes))[0]!;
    if (!activations.every(Number.isFinite)) {
      throw new UsageError(`${photo}: the network's outputs for it are not finite`);
    }
    const { classNames } = layerChannels(classes.layer, network);
    const labelOf = (place: number) => firstSynonym(classNames?.[place] ?? `#${place + 1}`);
    const ofClasses = classes.kind === "features" ? null : probabilities(activations, classes.kind);
    const seen = Array.from(activations, (activation, place) => {
      const probability = ofClasses === null ? null : ofClasses[place]!;
      return { channel: place + 1, label: labelOf(place), activation, probability };
    });
    const most = seen.toSorted((a, b) => b.activation - a.activation);
    const of = channel === null ? most[0]! : seen[channelPlace(channel)]!;
    const weights = scoreWeights(of.channel, classes.layer.channels, classes.kind);
    const score = { network: network.model, layer: classes.layer, weights };
    const attribution = await attribute(engine, score, layer, planes);
    return { photo, layer, of, most, attribution, top: topOf(attribution, flags.top) };
  } finally {
    await engine.close();
  }
}

/** Those that speak for it; the ascent draws nothing of what speaks against. */
function topOf({ channels }: Attribution, count: number): Attribution["channels"] {
  const top = channels.slice(0, count).filter(({ contribution }) => contribution > 0);
  if (top.length > 0) return top;
  throw new UsageError(
    "none of the layer's channels speaks for the class; choose another --class or --layer",
  );
}

/** @returns its channel, 1-based */
function classOf(word: string, { layer }: ClassLayer, network: AnalysedNetwork): number {
  const term = /^\d+$/.test(word) ? Number(word) : word;
  const { channels, problems } = selectChannels([term], layerChannels(layer, network));
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(problem.replace(/^channels\[0\]/, "--class"));
  if (channels.length === 1) return channels[0]!;
  throw new UsageError(`--class ${word}: wanted one class`);
}

function requestFor(
  name: string,
  idOrPath: string,
  network: AnalysedNetwork,
  { layer, of, photo, top }: Explanation,
): NamedRequest {
  const recipe = withNumbers(suggestionsOf(network)(layer));
  const request = parseLocalRequest({
    network: idOrPath,
    layer: layer.index,
    channels: top.map(({ channel }) => channel),
    verbose: false,
    ...recipe,
    montage: {
      ...Object(recipe["montage"]),
      title: sheetTitle(`${layer.name}: for ${of.label} in ${basename(photo)}`),
    },
  });
  return { name, request, notice: null };
}
