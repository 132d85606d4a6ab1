import type { NetworkModel } from "../../optvis/graph/layer-pass.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import { layerProblems } from "./layer-problems.ts";

/** The network once more of its constants are known: a rule may have wanted them. */
export function withModel(network: AnalysedNetwork, model: NetworkModel): AnalysedNetwork {
  if (model === network.model) return network;
  return { ...network, model, problems: layerProblems({ model, layers: network.layers }) };
}
