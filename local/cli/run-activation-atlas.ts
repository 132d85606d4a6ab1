import type { Size } from "../../lib/image/raster.ts";
import type { FloatTensor } from "../../lib/onnx/tensor.ts";
import { activationAtlas } from "../../lib/optvis/activation-atlas/activation-atlas.ts";
import { placeCount } from "../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { PASSES } from "../../lib/optvis/activation-atlas/self-organising-map.ts";
import { mapShapeAt } from "../../lib/optvis/graph/layer-pass.ts";
import { gatherActivations } from "../../lib/pipeline/dataset/gather-activations.ts";
import { checkTakesPhotographs } from "../../lib/pipeline/dataset/look-at-photographs.ts";
import { imagesIn, photographOf } from "../../lib/pipeline/dataset/photographs.ts";
import { several } from "../several.ts";
import type { DrawingFlags } from "./check-run.ts";
import {
  checkDirections,
  drawnDirections,
  filesOfDirections,
  writeDirections,
} from "./drawn-directions.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import { showLooking } from "./look-at-photographs.ts";
import { analysingOnce, openLayer } from "./network.ts";
import { renderRequests } from "./render-requests.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";

export interface ActivationAtlasFlags extends DrawingFlags {
  readonly layer: string;
  readonly photos: string;
  readonly grid: Size;
  readonly places: number;
  readonly seed: number;
}

/**
 * Lays what a layer makes of photographs on a grid, writes that and the request that draws it, and
 * draws it as `dream` does.
 *
 * @throws UsageError; LayerNotFoundError; NetworkError; as `renderRequests`
 */
export async function runActivationAtlas(
  idOrPath: string,
  flags: ActivationAtlasFlags,
  given: Terminal,
): Promise<void> {
  const { photos, grid, places, out } = flags;
  const once = analysingOnce(given);
  const terminal = terminalOf(flags, once);
  const paths = await imagesIn(photos);
  const opened = await openLayer({ network: idOrPath, layer: flags.layer }, terminal, flags);
  const { model: network, layer } = opened;
  checkTakesPhotographs(opened);
  const atlas = drawnDirections(idOrPath, opened, {
    name: `${layer.name}-activation-atlas`,
    title: `activation atlas of ${layer.name}`,
    seed: flags.seed,
  });
  const perPhoto = Math.min(
    places,
    placeCount(mapShapeAt(network.model, layer, network.inputSize)),
  );
  checkEnough(perPhoto * paths.length, flags, paths.length);
  // what is refused is refused before photographs are looked at
  await checkDirections(atlas, [layer.channels, grid.height, grid.width], flags, once);
  if (flags.dryRun) return;
  await checkNoFolders(filesOfDirections(out, atlas));
  await withFolder(out, async () => {
    const sampling = { network: opened, layer, places, seed: flags.seed };
    const { threads } = flags;
    const { vectors } = await showLooking(paths.length, terminal, (looking) =>
      gatherActivations(paths.map(photographOf), sampling, { ...looking, threads }),
    );
    checkEnough(vectors.length, flags, paths.length);
    const directions = laidOut(vectors, grid, terminal);
    const requests = await writeDirections(out, atlas, directions, terminal);
    await renderRequests(requests, flags, once);
  });
}

function laidOut(
  activations: readonly Float32Array[],
  grid: Size,
  terminal: Terminal,
): FloatTensor {
  using bar = new WorkBar(terminal, "laying out the atlas", PASSES);
  return activationAtlas(activations, grid, (done) => bar.show(done));
}

function checkEnough(
  count: number,
  { grid, photos }: ActivationAtlasFlags,
  photographs: number,
): void {
  const cells = grid.width * grid.height;
  if (count >= cells) return;
  throw new UsageError(
    `${photos}: its ${several(photographs, "photograph")} give ${several(count, "vector")}; wanted at least ${cells}, one for each picture; give more photographs, more --places or a smaller --grid`,
  );
}
