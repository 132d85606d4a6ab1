import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { encodeNpy } from "../../lib/image/npy.ts";
import type { Size } from "../../lib/image/raster.ts";
import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { activationAtlas } from "../../lib/optvis/activation-atlas/activation-atlas.ts";
import { placeCount } from "../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { PASSES } from "../../lib/optvis/activation-atlas/self-organising-map.ts";
import { mapShapeAt } from "../../lib/optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import { several } from "../several.ts";
import { checkRun, type NamedRequest, type RenderFlags } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { checkNoFolders, withFolder } from "./folders.ts";
import { gatherActivations } from "./gather-activations.ts";
import type { InputFlags } from "./input-options.ts";
import { namedRequests } from "./named-requests.ts";
import { analysingOnce, openLayer } from "./network.ts";
import { checkTakesPhotographs, imagesIn } from "./photographs.ts";
import { renderRequests } from "./render-requests.ts";
import { OF_MAPS, sheetName, sheetTitle } from "./short-request.ts";
import { quietTerminal, type Terminal, terminalOf } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { UsageError } from "./user-errors.ts";
import { writeWhole } from "./write-whole.ts";

export interface ActivationAtlasFlags
  extends InputFlags, Pick<RenderFlags, "out" | "data" | "threads" | "json" | "quiet"> {
  readonly layer: string;
  readonly photos: string;
  readonly grid: Size;
  readonly places: number;
  readonly seed: number;
  readonly dryRun?: boolean;
  readonly open?: boolean;
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
  checkTakesPhotographs(network, photos);
  const atlas = atlasOf(idOrPath, opened, flags);
  const perPhoto = Math.min(
    places,
    placeCount(mapShapeAt(network.model, layer, network.inputSize)),
  );
  checkEnough(perPhoto * paths.length, flags, paths.length);
  const drawing = { ...flags, open: flags.open ? "at the end" : "no" } as const;
  // what is refused is refused before photographs are looked at
  await inTemporaryFolder(async (folder) => {
    const requests = await writtenAtlas(folder, atlas, standIn(layer, grid), terminal);
    if (flags.dryRun) await dryRun(requests, drawing, once);
    else await checkRun(requests, drawing, quietTerminal(once), { gate: null });
  });
  if (flags.dryRun) return;
  await checkNoFolders(filesOf(out, atlas));
  await withFolder(out, async () => {
    const activations = await gatherActivations(paths, { ...flags, network, layer }, terminal);
    checkEnough(activations.length, flags, paths.length);
    const directions = laidOut(activations, grid, terminal);
    const requests = await writtenAtlas(out, atlas, directions, terminal);
    await renderRequests(requests, drawing, once);
  });
}

/** What an atlas is called, and the request that draws it, as its file has it. */
interface Atlas {
  readonly name: string;
  readonly request: object;
}

function atlasOf(
  idOrPath: string,
  { layer, ...network }: AnalysedNetwork & { readonly layer: LayerWithChannels },
  { seed }: ActivationAtlasFlags,
): Atlas {
  const name = sheetName(idOrPath, `${layer.name}-activation-atlas`);
  const recipe = Object.entries(suggestionsOf(network)(layer).fields);
  const request = {
    network: /\.onnx$/i.test(idOrPath) ? resolve(idOrPath) : idOrPath,
    layer: layer.name,
    ...Object.fromEntries(recipe.filter(([field]) => !OF_MAPS.has(field))),
    seed,
    targets: [{ direction: `${name}.npy`, at: "each" }],
    montage: { title: sheetTitle(`activation atlas of ${layer.name}`) },
  };
  return { name, request };
}

/** Its directions and its request. */
const filesOf = (folder: string, { name }: Atlas) =>
  [join(folder, `${name}.npy`), join(folder, `${name}.json`)] as const;

/** @returns what draws it, read as `dream` reads it */
async function writtenAtlas(
  folder: string,
  atlas: Atlas,
  { shape, data }: FloatTensor,
  terminal: Terminal,
): Promise<readonly NamedRequest[]> {
  const [directions, request] = filesOf(folder, atlas);
  const json = new TextEncoder().encode(`${JSON.stringify(atlas.request, null, 2)}\n`);
  await writeWhole(
    new Map([
      [directions, encodeNpy(shape, data)],
      [request, json],
    ]),
  );
  return namedRequests([request], {}, terminal);
}

/** Directions of the shape that an atlas has. */
function standIn({ channels }: LayerWithChannels, { width, height }: Size): FloatTensor {
  const shape = [channels, height, width];
  return floatTensor(shape, new Float32Array(sizeOf(shape)).fill(1));
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

async function inTemporaryFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "dreamgrid-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
