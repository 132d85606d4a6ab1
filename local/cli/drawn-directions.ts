import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { encodeNpy } from "../../lib/image/npy.ts";
import { isOnnxPath } from "../../lib/networks/foreign-format.ts";
import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { suggestionsOf } from "../../lib/pipeline/request/suggestion.ts";
import { checkRun, type NamedRequest, type RenderFlags } from "./check-run.ts";
import { dryRun } from "./dry-run.ts";
import { namedRequests } from "./named-requests.ts";
import { OF_MAPS, sheetName, sheetTitle } from "./short-request.ts";
import { quietTerminal, type Terminal } from "./terminal.ts";
import { writeWhole } from "./write-whole.ts";

/** Directions of a layer that are drawn, each a picture: by a request beside their file. */
export interface DrawnDirections {
  /** Of both files, without their endings. */
  readonly name: string;
  /** As its file has it. */
  readonly request: object;
}

export interface DirectionsOptions {
  /** Of the name, behind the network's. */
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  /** Of the sheet. @default none */
  readonly labels?: readonly string[];
}

/** What draws a layer's directions, as its recipe has it. */
export function drawnDirections(
  idOrPath: string,
  { layer, ...network }: AnalysedNetwork & { readonly layer: LayerWithChannels },
  { name, title, seed, labels }: DirectionsOptions,
): DrawnDirections {
  const safeName = sheetName(idOrPath, name);
  const recipe = Object.entries(suggestionsOf(network)(layer).fields);
  const request = {
    network: isOnnxPath(idOrPath) ? resolve(idOrPath) : idOrPath,
    layer: layer.name,
    ...Object.fromEntries(recipe.filter(([field]) => !OF_MAPS.has(field))),
    seed,
    verbose: false,
    targets: [{ direction: `${safeName}.npy`, at: "each" }],
    montage: { title: sheetTitle(title), ...(labels && { labels }) },
  };
  return { name: safeName, request };
}

/** The files of directions and request. */
export const filesOfDirections = (folder: string, { name }: DrawnDirections) =>
  [join(folder, `${name}.npy`), join(folder, `${name}.json`)] as const;

/**
 * Writes directions and request.
 *
 * @param directions [C, rows, columns]
 * @returns what draws them, read as `dream` reads it
 */
export async function writeDirections(
  folder: string,
  drawn: DrawnDirections,
  { shape, data }: FloatTensor,
  terminal: Terminal,
): Promise<readonly NamedRequest[]> {
  const [directions, request] = filesOfDirections(folder, drawn);
  const json = new TextEncoder().encode(`${JSON.stringify(drawn.request, null, 2)}\n`);
  await writeWhole([directions, encodeNpy(shape, data)], [request, json]);
  return namedRequests([request], {}, terminal);
}

/**
 * Refuses what could not be drawn before it is known what the directions are, or with `dryRun` says
 * what would be.
 *
 * @param shape of the directions, [C, rows, columns]
 * @throws as `checkRun`
 */
export async function checkDirections(
  drawn: DrawnDirections,
  shape: readonly number[],
  flags: RenderFlags & { readonly dryRun?: boolean },
  terminal: Terminal,
): Promise<void> {
  const standIn = floatTensor(shape, new Float32Array(sizeOf(shape)).fill(1));
  const folder = await mkdtemp(join(tmpdir(), "dreamgrid-"));
  try {
    const requests = await writeDirections(folder, drawn, standIn, terminal);
    if (flags.dryRun) await dryRun(requests, flags, terminal);
    else await checkRun(requests, flags, quietTerminal(terminal), { gate: null });
  } finally {
    await rm(folder, { recursive: true });
  }
}
