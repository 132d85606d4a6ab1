import { availableParallelism } from "node:os";

import { didYouMean } from "../../lib/networks/did-you-mean.ts";
import { exportRemedy, isOnnxPath } from "../../lib/networks/foreign-format.ts";
import { defaultFolders } from "../../lib/networks/folders.ts";
import { isFolder } from "../../lib/networks/registry.ts";
import { surveyNetworks } from "../../lib/networks/survey.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { DrawingFlags } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { firstLook, type LayerToSee } from "./first-look.ts";
import { openForCommand } from "./network.ts";
import { renderRequests } from "./render-requests.ts";
import { several } from "../several.ts";
import { channelsRequest, sheetNames } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { describeSeconds } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface LookFlags extends DrawingFlags {
  readonly out: string;
  readonly open?: boolean;
}

export interface LookSurroundings {
  readonly terminal: Terminal;
  /** What else a word might have been meant for. */
  readonly commands: readonly string[];
}

export async function runLook(
  words: readonly string[],
  flags: LookFlags,
  { terminal, commands }: LookSurroundings,
): Promise<void> {
  const [idOrPath = ""] = words;
  await checkNetwork(idOrPath, commands, terminal);
  if (words.length > 1) {
    throw new UsageError(`look takes one network; given ${words.length}: ${words.join(", ")}`);
  }
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const network = await openForCommand(idOrPath, shown, flags);
  const cores = flags.threads ?? availableParallelism();
  const look = firstLook(network, cores);
  if (look.length === 0) throw new UsageError(`${idOrPath}: ${whyNothing(network)}`);
  const names = sheetNames(
    idOrPath,
    look.map(({ layer }) => layer),
  );
  const requests = look.map((seen, i) =>
    channelsRequest({ ...seen, name: names[i]!, network: idOrPath }, seen),
  );
  shown.note(describeLook(look, network, cores));
  if (flags.dryRun) return dryRun(requests, flags, shown);
  const { open = terminal.isWatched } = flags;
  const drawing = { ...flags, open: open && "with the first picture" } as const;
  await renderRequests(requests, drawing, terminal);
}

/** Says what a word is taken for, before it is taken for a network that is not there. */
async function checkNetwork(
  word: string,
  commands: readonly string[],
  { env }: Terminal,
): Promise<void> {
  // of files of other frameworks, and of folders, it is said what to give instead
  if (isOnnxPath(word) || exportRemedy(word) !== null || (await isFolder(word))) return;
  const ids = (await surveyNetworks(defaultFolders(env))).map(({ id }) => id);
  if (ids.includes(word)) return;
  const hint = didYouMean(word, [...commands, ...ids]);
  throw new UsageError(
    `unknown command '${word}', and no network is called so; ${hint || "give a command, the id of a network, or the path of an .onnx file"} (see dreamgrid --help)`,
  );
}

function describeLook(
  look: readonly LayerToSee[],
  { layers, description }: AnalysedNetwork,
  cores: number,
): string {
  const parts = look.map(({ layer, channels, fields, isOwn }) => {
    const { numIterations: count } = fields;
    const how = isOwn ? "the network's own recipe" : (fields.preset ?? fields.method);
    const steps = count === undefined ? "" : `, ${several(Number(count), "iteration")}`;
    return `${layer.name} (${channels.length} of ${layer.channels} channels, ${how}${steps})`;
  });
  const seconds = look.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0) / cores;
  return `${description.id}: ${look.length} of ${layers.length} layers, each drawn as suits it: ${parts.join(", ")}; about ${describeSeconds(seconds)}. dream --layer draws others, and analyze lists them`;
}

function whyNothing({ problems }: AnalysedNetwork): string {
  const last = [...problems.values()].at(-1);
  return `no layer of it can be rendered${last === undefined ? "" : `; of the last: ${last}`}; see dreamgrid analyze`;
}
