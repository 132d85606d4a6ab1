import type { LayerWithChannels } from "../../networks/layers.ts";
import { sampledVectors } from "../../optvis/activation-atlas/sampled-vectors.ts";
import { imageActivation } from "../../optvis/ascent/image-activation.ts";
import { toNetworkPlanes } from "../../optvis/ascent/network-planes.ts";
import { uniformFrom } from "../../optvis/random.ts";
import {
  lookAtPhotographs,
  type Looking,
  type PhotographViewer,
  type SeenPhoto,
} from "./look-at-photographs.ts";
import type { LeftOut, Photograph } from "./photographs.ts";

/** A layer of a network that looks at photographs. */
export interface LookingLayer {
  readonly network: PhotographViewer;
  readonly layer: LayerWithChannels;
}

/** What is taken of each photograph. */
export interface Sampling extends LookingLayer {
  /** Places of the layer's map, at most. */
  readonly places: number;
  readonly seed: number;
}

/** What a layer makes of photographs. */
export interface Activations {
  /** Vectors [C], in the order of the photographs. */
  readonly vectors: readonly Float32Array[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * What a layer makes of photographs, each as the network sees it, at some places of its map: drawn
 * at random, and of a photograph the same ones whatever else lies in its folder. What points nowhere
 * or is not finite is left out, and so are files that are no images.
 *
 * @throws as `lookAtPhotographs`
 */
export async function gatherActivations(
  photographs: readonly Photograph[],
  { network, layer, places, seed }: Sampling,
  looking: Looking,
): Promise<Activations> {
  const look = async (photo: SeenPhoto) => {
    const activation = await activationOf(photo, { network, layer });
    const { name } = photographs[photo.photograph]!;
    const uniform = uniformFrom("activation atlas", seed, name);
    return sampledVectors(activation, places, uniform).filter(pointsSomewhere);
  };
  const { seen, leftOut } = await lookAtPhotographs(photographs, network, looking, look);
  return { vectors: seen.flat(), leftOut };
}

/** What a layer makes of a photograph, [C, ...]. */
export function activationOf(
  { planes, engine }: Pick<SeenPhoto, "planes" | "engine">,
  { network: { model }, layer }: LookingLayer,
) {
  const at = { engine, network: model, layer, size: model.inputSize };
  return imageActivation(at, toNetworkPlanes(planes, model));
}

function pointsSomewhere(vector: Float32Array): boolean {
  return vector.every(Number.isFinite) && vector.some((value) => value !== 0);
}
