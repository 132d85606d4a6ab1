import { encodeModel } from "../../onnx/encode.ts";
import { foldConstants } from "../../onnx/fold-constants.ts";
import type { Graph, Model, Value } from "../../onnx/model.ts";
import type { Tensor } from "../../onnx/tensor.ts";

/**
 * The model with what its nodes make of weights alone computed by ONNX Runtime, in a session that is
 * thrown away.
 */
export function foldOnRuntime(model: Model): Promise<Model> {
  return foldConstants(model, evaluate);
}

async function evaluate(graph: Graph): Promise<ReadonlyMap<Value, Tensor>> {
  try {
    // most networks have nothing to fold: whoever only reads them does without ONNX Runtime
    const { Session } = await import("./session.ts");
    const session = await Session.create(encodeModel(graph), "cpu");
    try {
      return new Map(Object.entries(await session.run({})));
    } finally {
      await session.release();
    }
  } catch {
    // not an error: the nodes stay in the graph, where they compute the same, later and more often
    return new Map();
  }
}
