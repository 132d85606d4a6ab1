import { basename } from "node:path";

import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { sampledVectors } from "../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { imageActivation } from "../../lib/optvis/ascent/image-activation.ts";
import { toNetworkPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { uniformFrom } from "../../lib/optvis/random.ts";
import { lookAtPhotographs, type SeenPhoto } from "./look-at-photographs.ts";
import type { Terminal } from "./terminal.ts";

/** What is taken of each photograph. */
export interface Sampling {
  readonly network: NetworkModel;
  readonly layer: LayerWithChannels;
  /** Places of the layer's map, at most. */
  readonly places: number;
  readonly seed: number;
  /** @default one per core */
  readonly threads?: number | undefined;
}

/**
 * What a layer makes of photographs, each as the network sees it, at some places of its map: drawn
 * at random, and of a photograph the same ones whatever else lies in its folder. What points nowhere
 * or is not finite is left out, and so are files that are no images, which is told.
 *
 * @param paths of the photographs
 * @returns vectors [C], in the order of the photographs
 */
export async function gatherActivations(
  paths: readonly string[],
  { network, layer, places, seed, threads }: Sampling,
  terminal: Terminal,
): Promise<readonly Float32Array[]> {
  const looking = { network, threads, label: "looking at photographs" };
  const vectors = await lookAtPhotographs(paths, looking, terminal, async (photo) => {
    const activation = await activationOf(photo, { network, layer });
    const uniform = uniformFrom("activation atlas", seed, basename(photo.path));
    return sampledVectors(activation, places, uniform).filter(pointsSomewhere);
  });
  return vectors.flat();
}

/** What a layer makes of a photograph, [C, ...]. */
export function activationOf(
  { planes, engine }: Pick<SeenPhoto, "planes" | "engine">,
  { network, layer }: Pick<Sampling, "network" | "layer">,
) {
  const at = { engine, network, layer, size: network.inputSize };
  return imageActivation(at, toNetworkPlanes(planes, network));
}

function pointsSomewhere(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}
