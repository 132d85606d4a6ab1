import { encodeModel } from "../../onnx/encode.ts";
import { foldConstants } from "../../onnx/fold-constants.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import type { Tensor } from "../../onnx/tensor.ts";
import type { NetworkModel } from "../graph/layer-pass.ts";

/**
 * The network with what its nodes make of weights alone computed by ONNX Runtime, in a session that
 * is thrown away: once, for all image sizes and layers.
 */
export async function foldWeights(network: NetworkModel): Promise<NetworkModel> {
  return { ...network, model: await foldConstants(network.model, evaluate) };
}

/** Remembers what `foldWeights` made of each network. */
export class FoldedNetworks {
  readonly #known = new WeakMap<NetworkModel, Promise<NetworkModel>>();

  of(network: NetworkModel): Promise<NetworkModel> {
    const folded = this.#known.get(network) ?? foldWeights(network);
    this.#known.set(network, folded);
    return folded;
  }
}

async function evaluate(graph: Graph): Promise<ReadonlyMap<Value, Tensor>> {
  try {
    // most networks have nothing to fold: who only reads them does without ONNX Runtime
    const { Session } = await import("./session.ts");
    const session = await Session.create(encodeModel(graph), "cpu");
    try {
      return new Map(Object.entries(await session.run({})));
    } finally {
      await session.release();
    }
  } catch {
    // not an error: the nodes stay in the graph and compute the same there
    return new Map();
  }
}
