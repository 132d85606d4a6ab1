import {
  type AskedOfDataset,
  layerExamples,
  type LayerDatasetExamples,
} from "../pipeline/dataset/layer-examples.ts";
import { checkOptions, datasetOptions } from "../pipeline/request/library-options.ts";
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
  /** Hears how many images have been looked at. */
  readonly onLooked?: (done: number) => void;
}

/**
 * The images that excite each channel of a layer most, and where in them; those that cannot
 * be read are in `leftOut`.
 *
 *     const found = await datasetExamples({ network: "emojinet", layer: 2, images: "photos" });
 *     const [strongest] = found.channels[4].examples; // of channel 5; it saw strongest.field
 *
 * @throws RequestError for a layer that is not there, and for options that are none; NetworkError for
 *   a network that sees no colours; ImageError for a folder without images, or where none can be
 *   read; ModelError; RuntimeError; RangeError for a number of threads that is none; the signal's
 *   reason
 */
export async function datasetExamples(
  { network, ...asked }: DatasetExamplesOptions,
  { threads, signal, onLooked }: LookOptions = {},
): Promise<LayerDatasetExamples> {
  checkOptions(datasetOptions, { network, ...asked });
  const { analysed } = await networkOf(network, signal);
  return layerExamples(analysed, asked, { threads, signal, onLooked });
}
