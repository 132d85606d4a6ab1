import { basename } from "node:path";

import type { Planes } from "../../lib/image/raster.ts";
import type { LayerWithChannels } from "../../lib/networks/layers.ts";
import { sampledVectors } from "../../lib/optvis/activation-atlas/sampled-vectors.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { imageActivation } from "../../lib/optvis/ascent/image-activation.ts";
import { toNetworkPlanes } from "../../lib/optvis/ascent/network-planes.ts";
import type { NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { uniformFrom } from "../../lib/optvis/random.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { planesFor } from "./photographs.ts";
import type { Terminal } from "./terminal.ts";
import { WorkBar } from "./time-left.ts";
import { userMessage } from "./user-errors.ts";

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
  const engine = new AscentEngine({ threads });
  const problems: string[] = [];
  const readable = async (path: string): Promise<Planes | null> => {
    try {
      return await planesFor(network, path);
    } catch (error) {
      const problem = userMessage(error);
      if (problem === null) throw error;
      problems.push(problem);
      return null;
    }
  };
  const vectorsOf = async (path: string): Promise<readonly Float32Array[]> => {
    const planes = await readable(path);
    if (planes === null) return [];
    const at = { engine, network, layer, size: network.inputSize };
    const activation = await imageActivation(at, toNetworkPlanes(planes, network));
    const uniform = uniformFrom("activation atlas", seed, basename(path));
    return sampledVectors(activation, places, uniform).filter(pointsSomewhere);
  };
  try {
    using bar = new WorkBar(terminal, "looking at photographs", paths.length);
    let done = 0;
    const gather = async (path: string): Promise<readonly Float32Array[]> => {
      const vectors = await vectorsOf(path);
      bar.show(++done);
      return vectors;
    };
    return (await mapConcurrently(paths, gather, engine.threads)).flat();
  } finally {
    await engine.close();
    const [first] = problems.toSorted();
    if (first !== undefined) {
      terminal.note(`left out ${problems.length} of ${paths.length} photographs: ${first}`);
    }
  }
}

function pointsSomewhere(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}
