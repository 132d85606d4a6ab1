import {
  type AskedOfAtlas,
  layerAtlas,
  type LayerAtlas,
} from "../pipeline/dataset/activation-atlas.ts";
import {
  type AskedOfConcepts,
  layerConcepts,
  type LayerConcepts,
} from "../pipeline/dataset/concepts.ts";
import {
  type AskedOfDataset,
  layerExamples,
  type LayerDatasetExamples,
} from "../pipeline/dataset/layer-examples.ts";
import type { DatasetProgress } from "../pipeline/dataset/look-at-photographs.ts";
import {
  atlasOptions,
  checkOptions,
  conceptsOptions,
  datasetOptions,
} from "../pipeline/request/library-options.ts";
import { networkOf, type NetworkReference } from "./network.ts";

/** `layer` and `images`, and `count`, which has a default. */
export interface DatasetExamplesOptions extends AskedOfDataset {
  readonly network: NetworkReference;
}

export interface LookOptions {
  /** Worker threads. @default one per core */
  readonly threads?: number;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Hears of each step from its beginning. */
  readonly onProgress?: (progress: DatasetProgress) => void;
}

/**
 * The images that excite each channel of a layer most, and where in them; those that cannot be
 * read are in `leftOut`.
 *
 *     const found = await datasetExamples({ network: "emojinet", layer: 2, images: "photos" });
 *     const [strongest] = found.channels[4].examples; // of channel 5; it saw strongest.field
 *
 * @throws RequestError for a layer that is not there, and for options that are none; NetworkError for
 *   a network whose images are no photographs; ImageError for a folder without images, or where none
 *   can be read; ModelError; RuntimeError; RangeError for a number of threads that is none; the
 *   signal's reason
 */
export async function datasetExamples(
  { network, ...asked }: DatasetExamplesOptions,
  looking: LookOptions = {},
): Promise<LayerDatasetExamples> {
  checkOptions(datasetOptions, { network, ...asked });
  const { analysed } = await networkOf(network, looking.signal);
  return layerExamples(analysed, asked, looking);
}

/** `layer` and `images`, and `count`, `class` and `seed`, which have defaults. */
export interface ConceptsOptions extends AskedOfConcepts {
  readonly network: NetworkReference;
}

/**
 * What a layer tells apart in images: at each of their places what it makes of them is a sum of a few
 * concepts, each a direction of the layer, found by non-negative matrix factorisation; as `dreamgrid
 * concepts` does. Of one image they are groups of its neurons.
 *
 *     const { concepts: found } = await concepts({ network, layer, images: "photos", class: "zebra" });
 *     const { direction } = found[0];
 *     await writeFile("first.npy", encodeNpy([direction.length], direction));
 *     render({ network, layer, targets: [{ direction: "first.npy" }] }) // draws what it is
 *
 * @throws as `datasetExamples`, RequestError for a class that is not there, or a `count` that so few
 *   images have no vectors for, too; UnsupportedGradientError where a class is asked about
 */
export async function concepts(
  { network, ...asked }: ConceptsOptions,
  looking: LookOptions = {},
): Promise<LayerConcepts> {
  checkOptions(conceptsOptions, { network, ...asked });
  const { analysed } = await networkOf(network, looking.signal);
  return layerConcepts(analysed, asked, looking);
}

/** `layer` and `images`, and `grid`, `places` and `seed`, which have defaults. */
export interface ActivationAtlasOptions extends AskedOfAtlas {
  readonly network: NetworkReference;
}

/**
 * A map of all that a layer tells apart in images, hundreds or more: directions of the layer on a
 * grid where neighbours are alike; as `dreamgrid activation-atlas` does. The same images and seed make the
 * same atlas.
 *
 *     const { shape, data } = await activationAtlas({ network, layer, images: "photos" });
 *     await writeFile("atlas.npy", encodeNpy(shape, data));
 *     render({ network, layer, targets: [{ direction: "atlas.npy", at: "each" }] }) // draws it
 *
 * @throws as `datasetExamples`, RequestError for a `grid` that so few images have no vectors for, too
 */
export async function activationAtlas(
  { network, ...asked }: ActivationAtlasOptions,
  looking: LookOptions = {},
): Promise<LayerAtlas> {
  checkOptions(atlasOptions, { network, ...asked });
  const { analysed } = await networkOf(network, looking.signal);
  return layerAtlas(analysed, asked, looking);
}
