import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import type { FloatTensor } from "../../onnx/tensor.ts";

/** The weight's numbers, or `null` if it is computed while the network runs. */
export function constantWeight(
  graph: GraphBuilder,
  weight: Value | FloatTensor,
): FloatTensor | null {
  if (typeof weight !== "string") return weight;
  const { constant } = graph.factsOf(weight);
  return constant?.type === "float32" ? constant : null;
}
