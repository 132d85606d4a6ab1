import { type Evaluate, foldConstants } from "../../onnx/fold-constants.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import { shareWeights } from "../../onnx/share-weights.ts";
import type { Tensor } from "../../onnx/tensor.ts";
import type { NetworkModel } from "../graph/layer-pass.ts";

/**
 * The network with what its nodes make of weights alone computed by ONNX Runtime, in a session that
 * is thrown away: once, for all image sizes and layers. The same network where there is nothing.
 */
export function foldWeights(network: NetworkModel): Promise<NetworkModel> {
  return foldBy(evaluate, network);
}

async function foldBy(evaluator: Evaluate, network: NetworkModel): Promise<NetworkModel> {
  const model = await foldConstants(network.model, evaluator);
  if (model.folded.size === network.model.folded.size) return network;
  return { ...network, model: shareWeights(model) };
}

/** As `foldWeights`, once for each network, in a thread: this one goes on answering. */
export class FoldedNetworks {
  readonly #known = new WeakMap<NetworkModel, Promise<NetworkModel>>();

  of(network: NetworkModel): Promise<NetworkModel> {
    const folded = this.#known.get(network) ?? foldBy(evaluateInThread, network);
    this.#known.set(network, folded);
    return folded;
  }
}

async function evaluate(graph: Graph): Promise<ReadonlyMap<Value, Tensor>> {
  try {
    // most networks have nothing to fold: who only reads them does without ONNX Runtime
    const { Session } = await import("./session.ts");
    const { encodeModel } = await import("../../onnx/encode.ts");
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

async function evaluateInThread(graph: Graph): Promise<ReadonlyMap<Value, Tensor>> {
  const { SessionWorker } = await import("./session-worker.ts");
  const worker = new SessionWorker();
  try {
    const recipe = { kind: "graph", graph } as const;
    const constants = { key: "constants", provider: "cpu", sharesOutputs: true, recipe } as const;
    return new Map(Object.entries(await worker.run(constants, {})));
  } catch {
    // as above
    return new Map();
  } finally {
    await worker.close();
  }
}
