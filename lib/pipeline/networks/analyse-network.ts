import { fileSha256 } from "../../networks/checksum.ts";
import type { Network } from "../../networks/registry.ts";
import { readModel } from "../../onnx/decode.ts";
import { type Layer, layerTable } from "../../networks/layers.ts";
import { specialise } from "../../onnx/static-graph.ts";
import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";

/** A network read and measured at its own input size. */
export interface NetworkAnalysis {
  readonly model: NetworkModel;
  readonly layers: readonly Layer[];
}

const analyses = new WeakMap<Network, Promise<NetworkAnalysis>>();

/**
 * Reads a network's model and its layer table. Asked again for the same `Network`, it answers from
 * memory.
 *
 * @throws ModelError if the file cannot be read
 */
export function analyseNetwork(network: Network): Promise<NetworkAnalysis> {
  const known = analyses.get(network);
  if (known !== undefined) return known;
  const analysis = readNetwork(network);
  analyses.set(network, analysis);
  // a failure is not remembered: the disk may have been out of reach
  analysis.catch(() => analyses.delete(network));
  return analysis;
}

async function readNetwork({ manifest, modelPath }: Network): Promise<NetworkAnalysis> {
  const { width, height, scale } = manifest.input;
  const model = await readModel(modelPath);
  const fingerprint = await fileSha256(modelPath);
  const graph = specialise(model, [1, 3, height, width]);
  return {
    model: { model, fingerprint, inputSize: { width, height }, scale },
    layers: layerTable(model, graph),
  };
}
