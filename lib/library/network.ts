import { networkFolders } from "../networks/folders.ts";
import type { NetworkInput } from "../networks/network-input.ts";
import { openNetwork, type OpenOptions } from "../networks/registry.ts";
import { foldWeights } from "../optvis/runtime/fold-constants.ts";
import {
  analyseNetwork,
  type AnalysedNetwork,
  withModel,
} from "../pipeline/networks/analyse-network.ts";
import { type LayerRow, layerRows } from "../pipeline/request/layer-rows.ts";
import { checkOptions, readOptions } from "../pipeline/request/library-options.ts";

export type ReadOptions = Partial<Omit<OpenOptions, "reader">>;

/** A network that has been read, to be passed to the functions below. */
export class Network {
  readonly id: string;
  /** What its image input takes: size in pixels, order of the channels, mean and scale. */
  readonly input: NetworkInput;
  /** The input, then every operator on image data, as `dreamgrid analyze` shows them. */
  readonly layers: readonly LayerRow[];
  /** Name of each class, channel 1 first; `null` where they are not known. */
  readonly labels: readonly string[] | null;
  /** What was assumed of a file without a description, in a sentence; `null` for nothing. */
  readonly notice: string | null;
  /** @internal */
  readonly analysed: AnalysedNetwork;

  /** @internal */
  constructor(analysed: AnalysedNetwork) {
    this.id = analysed.description.id;
    this.input = analysed.description.input;
    this.layers = layerRows(analysed);
    this.labels = analysed.labels;
    this.notice = analysed.notice ?? null;
    this.analysed = analysed;
  }
}

/**
 * Reads a network: an `.onnx` file by its path, or one of the registered by its id. `emojinet` is
 * part of the package; `googlenet` is downloaded once, into the user's cache folder.
 *
 * @param options Where to look, by default in the folders of `DREAMGRID_MODELS` and
 *   `DREAMGRID_CACHE`; and what is said of a file's image, as `{ input: { preprocessing:
 *   "torchvision" } }`.
 * @throws NetworkError, or one of its kinds; ModelError if the file cannot be read; RequestError for
 *   options that are none, as plain JavaScript may give them
 */
export async function readNetwork(pathOrId: string, options: ReadOptions = {}): Promise<Network> {
  checkOptions(readOptions, options);
  const opened = await openNetwork(pathOrId, { ...networkFolders(process.env), ...options });
  const analysed = await analyseNetwork(opened);
  return new Network(withModel(analysed, await foldWeights(analysed.model)));
}

/** One that has been read, or what `readNetwork` takes. */
export type NetworkReference = Network | string;

/** The network itself; one that is not read yet is read. @throws as `readNetwork` */
export async function networkOf(
  reference: NetworkReference,
  signal?: AbortSignal,
): Promise<Network> {
  if (typeof reference !== "string") return reference;
  return readNetwork(reference, signal && { signal });
}
