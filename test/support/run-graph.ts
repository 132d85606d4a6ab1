import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph, Value } from "../../lib/onnx/model.ts";
import { floatTensor, type FloatTensor } from "../../lib/onnx/tensor.ts";

export type FloatTensors = Readonly<Record<Value, FloatTensor>>;

/**
 * Compiles a graph for ONNX Runtime's CPU provider; the result runs it.
 *
 * Outputs that are not float32 are left out of what a run returns.
 */
export async function compile(
  graph: Graph,
  options: InferenceSession.SessionOptions = {},
): Promise<(feeds: FloatTensors) => Promise<FloatTensors>> {
  const session = await InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...options,
  });
  return async (feeds) => {
    const ortFeeds = Object.entries(feeds).map(
      ([name, { data, shape }]) => [name, new OrtTensor("float32", data, shape)] as const,
    );
    const results = await session.run(Object.fromEntries(ortFeeds));
    return Object.fromEntries(
      Object.entries(results).flatMap(([name, { data, dims }]) =>
        data instanceof Float32Array ? [[name, floatTensor(dims, data)]] : [],
      ),
    );
  };
}

/** Compiles, runs once. */
export async function runGraph(graph: Graph, feeds: FloatTensors): Promise<FloatTensors> {
  const run = await compile(graph);
  return run(feeds);
}
