import { type Layer, layerTable } from "../../networks/layers.ts";
import type { Network } from "../../networks/registry.ts";
import { readModel } from "../../onnx/decode.ts";
import { foldConstants } from "../../onnx/fold-constants.ts";
import { specialise } from "../../onnx/static-graph.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";

/** A network with its model read, and its layers measured at its own input size. */
export interface AnalysedNetwork extends Network {
  readonly model: NetworkModel;
  readonly layers: readonly Layer[];
}

/**
 * Reads a network's model and its layer table: seconds for a large one, so keep what it returns.
 *
 * @throws ModelError if the file cannot be read
 */
export async function analyseNetwork(network: Network): Promise<AnalysedNetwork> {
  const { description, modelPath, file } = network;
  const { width, height, scale, mean, channelOrder } = description.input;
  const model = await foldConstants(await readModel(modelPath));
  const graph = specialise(model, [1, 3, height, width]);
  return {
    ...network,
    model: {
      model,
      fingerprint: file.sha256,
      inputSize: { width, height },
      scale,
      mean,
      planes: channelOrder === "RGB" ? [0, 1, 2] : [2, 1, 0],
    },
    layers: layerTable(model, graph),
  };
}
