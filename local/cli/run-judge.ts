import { resizeRaster } from "../../lib/image/png.ts";
import type { Planes } from "../../lib/image/raster.ts";
import { classMatcher } from "../../lib/networks/class-matches.ts";
import { NetworkNotFoundError } from "../../lib/networks/errors.ts";
import { firstSynonym, parseLabels } from "../../lib/networks/labels.ts";
import type { NetworkInput } from "../../lib/networks/network-input.ts";
import {
  type GivenPreprocessing,
  type Preprocessing,
  toPreprocessing,
} from "../../lib/networks/preprocessing.ts";
import type { Network } from "../../lib/networks/registry.ts";
import { decodeText } from "../../lib/networks/text.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import {
  photographPlanes,
  shownPlanes,
  takesPhotographs,
} from "../../lib/optvis/ascent/network-planes.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { channelMeans, type Viewer } from "../../lib/optvis/quality/examine.ts";
import { judgePicture } from "../../lib/optvis/quality/judgement.ts";
import type { ChannelKind } from "../../lib/optvis/quality/source-figures.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { channelKind } from "../../lib/pipeline/render/channel-kind.ts";
import {
  compareChannels,
  comparisonReport,
  type JudgedPicture,
  judgementReport,
  type ShownPicture,
} from "./judge-report.ts";
import { firstGiven, givenPixels, type InputFlags } from "./input-options.ts";
import { labelledLayer } from "./labelled-layer.ts";
import { fetchNetwork } from "./network.ts";
import { readUserFile } from "./read-user-file.ts";
import { imagesIn, readPicture, type SheetPictures, sheetPictures } from "./sheet-pictures.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./user-errors.ts";

export interface JudgeFlags extends InputFlags {
  readonly by?: string;
  readonly labels?: string;
  readonly photos?: string;
  readonly network?: string;
  readonly json?: boolean;
}

export async function runJudge(
  manifestPath: string,
  flags: JudgeFlags,
  terminal: Terminal,
): Promise<void> {
  const ofJudge = flags.labels === undefined ? firstGiven(flags) : "--labels";
  if (flags.by === undefined && ofJudge !== null) {
    throw new UsageError(`${ofJudge} is the judge's: name it with --by`);
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
  { pictures, input }: SheetPictures,
  flags: JudgeFlags,
  terminal: Terminal,
) {
  if (input?.channelOrder === "planes" && input.mean.length > 1) {
    throw new UsageError(
      `--by: the sheet's pictures show ${input.mean.length} planes side by side, which another network would take for one picture`,
    );
  }
  const { judge, labels } = await openJudge(flags, terminal);
  const classesOf = classMatcher(labels);
  const names = parseLabels(labels.join("\n")).map(firstSynonym);
  const judged: JudgedPicture[] = [];
  for (const { channel, label, of, path } of pictures) {
    const wanted = classesOf(of ?? "");
    if (path === null || wanted.size === 0) {
      judged.push({ channel, label, problem: path === null ? "no picture" : "no such class" });
      continue;
    }
    const planes = await planesFor(judge.network, path);
    const judgement = await judgePicture(engine, judge, planes, wanted);
    if (judgement === null) {
      judged.push({ channel, label, problem: "its outputs are not finite" });
      continue;
    }
    const { first, ...rest } = judgement;
    judged.push({ channel, label, ...rest, seen: names[first] ?? "" });
  }
  return judgementReport(judged);
}

/** The classifier that judges, and its class names. */
async function openJudge(
  { by = "", labels: labelsPath, ...flags }: JudgeFlags,
  terminal: Terminal,
): Promise<{
  readonly judge: Viewer & { readonly kind: ChannelKind };
  readonly labels: readonly string[];
}> {
  const opened = await fetchNetwork(by, terminal);
  const given = givenPixels(flags);
  const { input } = opened.description;
  const described = {
    ...opened,
    description: { ...opened.description, input: { ...input, ...asGiven(given, input) } },
  };
  if (opened.notice !== undefined && firstGiven(flags) === null) terminal.note(opened.notice);
  const labels = labelsPath === undefined ? opened.labels : await readLines(labelsPath);
  if (labels === null) {
    throw new UsageError(`--by: '${by}' comes without class names; give them with --labels`);
  }
  const network = await terminal.analyse(described);
  const layer = labelledLayer(network, labels, by);
  const kind = channelKind({ network: { ...network, labels }, layer: layer.index });
  return { judge: { network: network.model, layer, provider: "cpu", kind }, labels };
}

/** What is given of the judge's pixels; of mean, scale and order the rest is as described. */
function asGiven(given: GivenPreprocessing, described: NetworkInput): Preprocessing {
  const { preprocessing, std, range } = given;
  const isWhole = preprocessing !== undefined || std !== undefined || range !== undefined;
  const { mean, scale, channelOrder } = { ...described, ...defined(given) };
  try {
    const numbers = isWhole ? given : { mean, scale, channelOrder };
    return toPreprocessing(numbers, described.mean.length);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

const defined = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;

async function compareSheet(
  engine: AscentEngine,
  sheet: SheetPictures,
  { photos, network: named }: JudgeFlags,
  terminal: Terminal,
) {
  const own = await terminal.analyse(await openOwn(named ?? null, sheet, terminal));
  if (own.layers[sheet.layer - 1] === undefined) {
    throw new UsageError(
      `--network: the sheet is of layer ${sheet.layer}; '${own.description.id}' has ${own.layers.length} layers`,
    );
  }
  const layer = requestedLayer(sheet, own);
  const shown = sheet.pictures.flatMap(({ raised, path, ...picture }) =>
    path === null || raised === null ? [] : [{ ...picture, raised, path }],
  );
  const highest = Math.max(0, ...shown.map(({ raised }) => raised));
  if (highest > layer.channels) {
    throw new UsageError(
      `--network: layer '${layer.name}' of '${own.description.id}' has ${layer.channels} channels; the sheet has a picture of channel ${highest}`,
    );
  }
  const viewer: Viewer = { network: own.model, layer, provider: "cpu" };
  const activationsIn = async (planes: Planes) => (await channelMeans(engine, viewer, planes))[0]!;
  const pictures: ShownPicture[] = [];
  for (const { channel, raised, label, path } of shown) {
    const planes = await shownPlanes(await readPicture(path), own.model, own.model.inputSize);
    pictures.push({ channel, raised, label, activations: await activationsIn(planes) });
  }
  const ofPhotos: Float32Array[] = [];
  for (const path of photos === undefined ? [] : await imagesIn(photos)) {
    ofPhotos.push(await activationsIn(await planesFor(own.model, path)));
  }
  const left = sheet.pictures.length - pictures.length;
  return comparisonReport(compareChannels(pictures, ofPhotos), { left, photos: ofPhotos.length });
}

/**
 * The network that a sheet is of; one that is given by its path wants pixels as it did then.
 *
 * @param named in place of what the manifest says
 */
async function openOwn(
  named: string | null,
  { network, input }: SheetPictures,
  terminal: Terminal,
): Promise<Network> {
  const idOrPath = named ?? network;
  const isPath = idOrPath.toLowerCase().endsWith(".onnx");
  const constants = isPath ? input?.constants : undefined;
  try {
    const opened = await fetchNetwork(idOrPath, terminal, { constants });
    if (input === null) return opened;
    checkPlanes(input, opened.description);
    if (!isPath) return opened;
    return { ...opened, description: { ...opened.description, input } };
  } catch (error) {
    if (named !== null || !(error instanceof NetworkNotFoundError)) throw error;
    throw new UsageError(`the sheet is of '${network}', which is not here; give it with --network`);
  }
}

/** Pictures show a network's planes, of which another would see something else. */
function checkPlanes(ofSheet: NetworkInput, { id, input }: Network["description"]): void {
  const [shown, wanted] = [planesOf(ofSheet), planesOf(input)];
  if (shown === wanted) return;
  throw new UsageError(
    `--network: the sheet's pictures are of ${shown}; the images of '${id}' have ${wanted}`,
  );
}

function planesOf({ channelOrder, mean }: NetworkInput): string {
  if (channelOrder !== "planes") return "red, green and blue";
  return mean.length === 1 ? "one plane" : `${mean.length} planes that are no colours`;
}

/** A photograph as a network sees it: resized to its input size, whatever the aspect. */
async function planesFor(network: NetworkModel, path: string): Promise<Planes> {
  if (!takesPhotographs(network)) {
    throw new UsageError(
      `${path}: the network's images have ${network.planes.length} planes that are no colours, which no photograph has`,
    );
  }
  return photographPlanes(await resizeRaster(await readPicture(path), network.inputSize), network);
}

async function readLines(path: string): Promise<readonly string[]> {
  return decodeText(await readUserFile(path), path)
    .trimEnd()
    .split(/\r?\n/);
}
