import { readPicture, readUserFile } from "../../lib/image/user-file.ts";
import { classMatcher } from "../../lib/networks/class-matches.ts";
import { labelledLayer } from "../../lib/networks/labelled-layer.ts";
import { firstSynonym, parseLabels } from "../../lib/networks/labels.ts";
import type { NetworkInput } from "../../lib/networks/network-input.ts";
import {
  type GivenPreprocessing,
  type Preprocessing,
  toPreprocessing,
} from "../../lib/networks/preprocessing.ts";
import { decodeText } from "../../lib/networks/text.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { seenPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import type { Viewer } from "../../lib/optvis/quality/examine.ts";
import { judgePicture } from "../../lib/optvis/quality/judgement.ts";
import type { ChannelKind } from "../../lib/optvis/quality/source-figures.ts";
import { channelKind } from "../../lib/pipeline/render/channel-kind.ts";
import { type CompareFlags, compareSheet } from "./compare-sheet.ts";
import { checkNoFolders } from "./folders.ts";
import { firstGiven, givenPixels, type InputFlags } from "./input-options.ts";
import { type JudgedPicture, judgementReport } from "./judge-report.ts";
import { fetchNetwork } from "./network.ts";
import type { Report } from "./report.ts";
import { type SheetPictures, sheetPictures } from "./sheet-pictures.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface JudgeFlags extends InputFlags, CompareFlags {
  readonly by?: string;
  readonly labels?: string;
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
  if (flags.out !== undefined) {
    if (flags.photos === undefined) throw new UsageError("--out: want --photos, whose sheet it is");
    if (!/\.png$/i.test(flags.out)) throw new UsageError(`--out ${flags.out}: want NAME.png`);
    await checkNoFolders([flags.out]);
  }
  const sheet = await sheetPictures(manifestPath);
  await using engine = new AscentEngine({ threads: 1 });
  const judged = flags.by === undefined ? null : await judgeSheet(engine, sheet, flags, terminal);
  const isCompared = flags.by === undefined || flags.photos !== undefined;
  const compared = isCompared ? await compareSheet(engine, sheet, flags, terminal) : null;
  if (flags.json) {
    terminal.print(JSON.stringify({ ...judged?.json, ...compared?.json }, null, 2));
  } else {
    for (const report of [judged, compared]) if (report !== null) terminal.print(report.text);
  }
}

async function judgeSheet(
  engine: AscentEngine,
  { pictures, input }: SheetPictures,
  flags: JudgeFlags,
  terminal: Terminal,
): Promise<Report> {
  if (input?.channelOrder === "planes" && input.mean.length > 1) {
    throw new UsageError(
      `--by: the sheet's pictures show ${input.mean.length} planes side by side, which another network would take for one picture`,
    );
  }
  const { judge, labels } = await openJudge(flags, terminal);
  const classesOf = classMatcher(labels);
  const names = parseLabels(labels.join("\n")).map(firstSynonym);
  const judged: JudgedPicture[] = [];
  using bar = new WorkBar(terminal, "judging", pictures.length);
  for (const { channel, label, of, path } of pictures) {
    bar.show(judged.length);
    const wanted = classesOf(of ?? "");
    if (path === null || wanted.size === 0) {
      judged.push({ channel, label, problem: path === null ? "no picture" : "no such class" });
      continue;
    }
    const planes = await seenPlanes(await readPicture(path), judge.network);
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
  const layer = labelledLayer(network.layers, labels, { given: "--labels", network: by });
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

async function readLines(path: string): Promise<readonly string[]> {
  return decodeText(await readUserFile(path), path)
    .trimEnd()
    .split(/\r?\n/);
}
