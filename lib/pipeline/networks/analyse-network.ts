import { sha256 } from "../../networks/checksum.ts";
import { checksumsOf, externalFilesOf, type ModelFile } from "../../networks/network-files.ts";
import { type Layer, layerTable } from "../../networks/layers.ts";
import type { NetworkInput } from "../../networks/network-input.ts";
import type { Network } from "../../networks/registry.ts";
import { readModel } from "../../onnx/decode.ts";
import { foldConstants } from "../../onnx/fold-constants.ts";
import { imageInputOf, refuseOtherInputs } from "../../onnx/image-input.ts";
import type { Model } from "../../onnx/model.ts";
import { shareWeights } from "../../onnx/share-weights.ts";
import { atOwnSize, type NetworkModel } from "../../optvis/graph/layer-pass.ts";
import { withPreActivations } from "../../optvis/graph/pre-activation.ts";
import { layerProblems } from "./layer-problems.ts";

/** Which of red (0), green (1) and blue (2) each plane is. */
const COLOURS = { RGB: [0, 1, 2], BGR: [2, 1, 0] } as const;

/** A network with its model read, and its layers measured at its own input size. */
export interface AnalysedNetwork extends Network {
  readonly model: NetworkModel;
  readonly layers: readonly Layer[];
  /** Why a layer's channels cannot be rendered, by its index; see `layerProblems`. */
  readonly problems: ReadonlyMap<number, string>;
}

/**
 * Reads a network's model and its layer table: seconds for a large one, so keep what it returns. In
 * a process that answers others, `analyseInThread` does it.
 *
 * @param known the network's model, where it has been read already
 * @throws ModelError if the file cannot be read, or wants inputs besides the image that the
 *   description gives no value
 */
export async function analyseNetwork(network: Network, known?: Model): Promise<AnalysedNetwork> {
  const { description, file } = network;
  const { width, height, scale, mean, channelOrder, constants } = description.input;
  const read = known ?? (await modelOf(network));
  refuseOtherInputs(read.graph, imageInputOf(read.graph));
  const folded = shareWeights(await foldConstants(read));
  const model: NetworkModel = {
    model: withPreActivations(folded),
    fingerprint: fingerprintOf(file, constants),
    inputSize: { width, height },
    scale,
    mean,
    planes: channelOrder === "planes" ? mean.map(() => null) : COLOURS[channelOrder],
  };
  const graph = atOwnSize(model);
  const layers = layerTable(folded, graph);
  return { ...network, model, layers, problems: layerProblems(graph, layers) };
}

/** The network with more of its constants known: a gradient's rule may have needed them. */
export function withModel(network: AnalysedNetwork, model: NetworkModel): AnalysedNetwork {
  if (model === network.model) return network;
  return { ...network, model, problems: layerProblems(atOwnSize(model), network.layers) };
}

function modelOf({ description, modelPath, file }: Network): Promise<Model> {
  const listed = new Set(externalFilesOf(file).map(({ location }) => location));
  return readModel(modelPath, { listed, constants: description.input.constants });
}

/** The model's SHA-256; with files beside it, or constants, that of all of theirs. */
function fingerprintOf(file: ModelFile, constants: NetworkInput["constants"]): string {
  const ofConstants = constants ? [sha256(JSON.stringify(constants))] : [];
  const sums = [checksumsOf(file), ...ofConstants].join();
  return sums === file.sha256 ? sums : sha256(sums);
}
