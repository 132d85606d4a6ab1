import { resizeRaster } from "../../lib/image/png.ts";
import { type Planes, toPlanes } from "../../lib/image/raster.ts";
import { classMatcher } from "../../lib/networks/class-matches.ts";
import type { Triple } from "../../lib/networks/description.ts";
import { firstSynonym, parseLabels } from "../../lib/networks/labels.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { channelMeans, type Viewer } from "../../lib/optvis/quality/examine.ts";
import { judgePicture } from "../../lib/optvis/quality/judgement.ts";
import type { ChannelKind } from "../../lib/optvis/quality/source-figures.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { channelKind } from "../../lib/pipeline/render/channel-kind.ts";
import { classNamesOf } from "../../lib/pipeline/request/resolve-request.ts";
import {
  type ChannelComparison,
  compareChannels,
  comparisonReport,
  type JudgedPicture,
  judgementReport,
} from "./judge-report.ts";
import { fetchNetwork } from "./network.ts";
import { readUserFile } from "./read-user-file.ts";
import { imagesIn, readPicture, type SheetPictures, sheetPictures } from "./sheet-pictures.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface JudgeFlags {
  readonly by?: string;
  readonly labels?: string;
  readonly mean?: Triple;
  readonly scale?: Triple;
  readonly channelOrder?: "RGB" | "BGR";
  readonly photos?: string;
  readonly network?: string;
  readonly json?: boolean;
}

export async function runJudge(
  manifestPath: string,
  flags: JudgeFlags,
  terminal: Terminal,
): Promise<void> {
  const ofJudge = [flags.labels, flags.mean, flags.scale, flags.channelOrder];
  if (flags.by === undefined && ofJudge.some((flag) => flag !== undefined)) {
    throw new UsageError(
      "--labels, --mean, --scale and --channel-order are the judge's: name it with --by",
    );
  }
  const sheet = await sheetPictures(manifestPath);
  const engine = new AscentEngine({ threads: 1 });
  try {
    const judged = flags.by === undefined ? null : await judgeSheet(engine, sheet, flags, terminal);
    const isCompared = flags.by === undefined || flags.photos !== undefined;
    const compared = isCompared ? await compareSheet(engine, sheet, flags, terminal) : null;
    if (flags.json) {
      terminal.print(JSON.stringify({ ...judged?.json, ...compared?.json }, null, 2));
    } else {
      for (const report of [judged, compared]) if (report !== null) terminal.print(report.text);
    }
  } finally {
    await engine.close();
  }
}

async function judgeSheet(
  engine: AscentEngine,
  { pictures }: SheetPictures,
  flags: JudgeFlags,
  terminal: Terminal,
) {
  const { judge, labels } = await openJudge(flags, terminal);
  const classesOf = classMatcher(labels);
  const names = parseLabels(labels.join("\n")).map(firstSynonym);
  const judged: JudgedPicture[] = [];
  for (const { channel, label, path } of pictures) {
    const wanted = classesOf(label ?? "");
    if (path === null || wanted.size === 0) {
      judged.push({ channel, label, problem: path === null ? "no picture" : "no such class" });
      continue;
    }
    const { first, ...rest } = await judgePicture(
      engine,
      judge,
      await planesFor(judge.network, path),
      wanted,
    );
    judged.push({ channel, label, ...rest, seen: names[first] ?? "" });
  }
  return judgementReport(judged);
}

/** The classifier that judges, and its class names. */
async function openJudge(
  { by = "", labels: labelsPath, mean, scale, channelOrder }: JudgeFlags,
  terminal: Terminal,
): Promise<{
  readonly judge: Viewer & { readonly kind: ChannelKind };
  readonly labels: readonly string[];
}> {
  const opened = await fetchNetwork(by, terminal);
  const input = { ...opened.description.input };
  const described = {
    ...opened,
    description: {
      ...opened.description,
      input: {
        ...input,
        mean: mean ?? input.mean,
        scale: scale ?? input.scale,
        channelOrder: channelOrder ?? input.channelOrder,
      },
    },
  };
  const isDescribed = mean !== undefined || scale !== undefined || channelOrder !== undefined;
  if (opened.notice !== undefined && !isDescribed) terminal.note(opened.notice);
  const labels = labelsPath === undefined ? opened.labels : await readLines(labelsPath);
  if (labels === null) {
    throw new UsageError(`--by: '${by}' comes without class names; give them with --labels`);
  }
  const network = await analyseNetwork(described);
  const layer = network.layers.findLast(
    (candidate) => classNamesOf(candidate, network.layers, labels) !== null,
  );
  if (layer === undefined) {
    const last = network.layers.findLast(({ channels }) => channels !== null);
    throw new UsageError(
      `--labels: given ${labels.length} class names; '${by}' ends with ${last?.channels ?? "no"} channels`,
    );
  }
  const kind = channelKind({ network: { ...network, labels }, layer: layer.index });
  return { judge: { network: network.model, layer, provider: "cpu", kind }, labels };
}

async function compareSheet(
  engine: AscentEngine,
  sheet: SheetPictures,
  { photos, network: named }: JudgeFlags,
  terminal: Terminal,
) {
  const own = await analyseNetwork(await fetchNetwork(named ?? sheet.network, terminal));
  const layer = own.layers[sheet.layer - 1];
  if (layer === undefined) {
    throw new UsageError(
      `--network: the sheet is of layer ${sheet.layer}; '${own.description.id}' has ${own.layers.length} layers`,
    );
  }
  const viewer: Viewer = { network: own.model, layer, provider: "cpu" };
  const activationsOf = async (path: string) =>
    (await channelMeans(engine, viewer, [await planesFor(own.model, path)]))[0]!;
  const pictures: { channel: number; label: string | null; activations: Float32Array }[] = [];
  for (const { channel, label, path } of sheet.pictures) {
    if (path === null) continue;
    pictures.push({ channel, label, activations: await activationsOf(path) });
  }
  const ofPhotos: Float32Array[] = [];
  for (const path of photos === undefined ? [] : await imagesIn(photos)) {
    ofPhotos.push(await activationsOf(path));
  }
  const compared: readonly ChannelComparison[] = compareChannels(pictures, ofPhotos);
  return comparisonReport(compared, ofPhotos.length);
}

/** A picture as a network sees it: resized to its input size, whatever the aspect. */
async function planesFor(network: NetworkModel, path: string): Promise<Planes> {
  return toPlanes(await resizeRaster(await readPicture(path), network.inputSize));
}

async function readLines(path: string): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await readUserFile(path));
  return text.trimEnd().split(/\r?\n/);
}
