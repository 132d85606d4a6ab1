import { availableParallelism } from "node:os";
import { join } from "node:path";

import { atlasSeconds, type AtlasSheet, planAtlas } from "../../lib/pipeline/atlas/plan-atlas.ts";
import { several } from "../several.ts";
import type { DrawingFlags, NamedRequest } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { analysingOnce, asReference, openForCommand } from "./network.ts";
import { renderRequests } from "./render-requests.ts";
import { sheetName } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { describeSeconds } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface AtlasFlags extends Omit<DrawingFlags, "out"> {
  readonly layers?: readonly string[];
  readonly channels: string;
  readonly out?: string;
  readonly yes?: boolean;
}

/** What takes longer is not begun unless it is said that it may. */
const LONGEST_UNASKED_SECONDS = 3_600;

export async function runAtlas(
  idOrPath: string,
  flags: AtlasFlags,
  given: Terminal,
): Promise<void> {
  const terminal = analysingOnce(given);
  const shown = flags.quiet ? quietTerminal(terminal) : terminal;
  const network = await openForCommand(idOrPath, shown, flags);
  const sheets = await planAtlas(network, {
    layers: flags.layers?.map(asReference),
    channels: flags.channels,
  });
  const cores = flags.threads ?? availableParallelism();
  const estimate = describeAtlas(sheets, cores);
  if (atlasSeconds(sheets) / cores > LONGEST_UNASKED_SECONDS && !flags.yes && !flags.dryRun) {
    throw new UsageError(
      `${idOrPath}: an atlas of ${estimate}; say --yes to begin it, or choose fewer --layers or --channels`,
    );
  }
  if (!flags.dryRun) {
    shown.note(`${network.description.id}: ${estimate}; the same command again goes on`);
  }
  const render = flags.dryRun ? dryRun : renderRequests;
  await render(
    sheetRequests(idOrPath, sheets, network.layers.length),
    { ...flags, out: flags.out ?? join("dreams", sheetName(idOrPath, "atlas")) },
    terminal,
  );
}

/** Each called by its layer, and its index before that: files then lie in the network's order. */
function sheetRequests(
  idOrPath: string,
  sheets: readonly AtlasSheet[],
  layerCount: number,
): readonly NamedRequest[] {
  const digits = String(layerCount).length;
  return sheets.map(({ layer, request, resolved }) => {
    const name = sheetName(idOrPath, `${String(layer.index).padStart(digits, "0")}-${layer.name}`);
    // deepDreamImage's sheets have numbers only where they are asked for
    const isUnnamed = resolved.labels.every((label) => label === null);
    const labels = isUnnamed && request.method === "deepdream" ? "numbers" : null;
    const montage = { ...request.montage, labels: labels ?? request.montage.labels };
    return { name, request: { ...request, network: idOrPath, montage }, notice: null };
  });
}

function describeAtlas(sheets: readonly AtlasSheet[], cores: number): string {
  const pictures = sheets.reduce((sum, { resolved }) => sum + resolved.channels.length, 0);
  const layers = several(sheets.length, "layer");
  const workers = several(cores, "core");
  return `${layers}, ${several(pictures, "picture")}, about ${describeSeconds(atlasSeconds(sheets) / cores)} on ${workers}`;
}
