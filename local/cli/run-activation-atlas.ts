import {
  type AtlasGrid,
  planAtlas,
  seekAtlas,
} from "../../lib/pipeline/dataset/activation-atlas.ts";
import { imagesIn, photographOf } from "../../lib/pipeline/dataset/photographs.ts";
import type { DrawingFlags } from "./check-run.ts";
import {
  checkDirections,
  drawnDirections,
  filesOfDirections,
  writeDirections,
} from "./drawn-directions.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import { showLooking } from "./look-at-photographs.ts";
import { analysingOnce, asReference, openForCommand } from "./network.ts";
import { renderRequests } from "./render-requests.ts";
import { type Terminal, terminalOf } from "./terminal.ts";

export interface ActivationAtlasFlags extends DrawingFlags {
  readonly layer: string;
  readonly photos: string;
  readonly grid: AtlasGrid;
  readonly places: number;
  readonly seed: number;
}

/**
 * Lays what a layer makes of photographs on a grid, writes that and the request that draws it, and
 * draws it as `dream` does.
 *
 * @throws as `planAtlas`, `seekAtlas` and `renderRequests`
 */
export async function runActivationAtlas(
  idOrPath: string,
  flags: ActivationAtlasFlags,
  given: Terminal,
): Promise<void> {
  const { photos, grid, places, seed, out } = flags;
  const once = analysingOnce(given);
  const terminal = terminalOf(flags, once);
  const paths = await imagesIn(photos);
  const opened = await openForCommand(idOrPath, terminal, flags);
  const question = { layer: asReference(flags.layer), grid, places, seed };
  const plan = planAtlas(opened, question, paths.length);
  const { layer } = plan;
  const drawnLayer = { ...opened, layer };
  const atlas = drawnDirections(idOrPath, drawnLayer, {
    name: `${layer.name}-activation-atlas`,
    title: `activation atlas of ${layer.name}`,
    seed,
  });
  // what is refused is refused before photographs are looked at
  await checkDirections(atlas, [layer.channels, grid.rows, grid.columns], flags, once);
  if (flags.dryRun) return;
  await checkNoFolders(filesOfDirections(out, atlas));
  await withFolder(out, async () => {
    const { directions } = await showLooking(paths.length, terminal, (looking) =>
      seekAtlas(paths.map(photographOf), plan, { ...looking, threads: flags.threads }),
    );
    const requests = await writeDirections(out, atlas, directions, terminal);
    await renderRequests(requests, flags, once);
  });
}
