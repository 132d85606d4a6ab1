import type { Node, Value } from "../onnx/model.ts";
import { multiplyAdds } from "../onnx/multiply-adds.ts";
import { firstOutput } from "../onnx/node.ts";
import { inputsOf } from "../onnx/operators/inputs.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";

/** A value that a node reads or makes. */
export interface NodeValue {
  /** Empty where it is left out. */
  readonly name: Value;
  /** As the node has it, at the network's own image size; `null` where it is not known. */
  readonly shape: readonly number[] | null;
}

export interface NodeInput extends NodeValue {
  /** 1-based index of the layer whose data it is; `null` for a constant. */
  readonly layer: number | null;
}

/** The node that makes a layer. */
export interface LayerNode {
  /** First output of the node in `Model.graph`. */
  readonly output: Value;
  /** What the file's own node reads, in its order. */
  readonly inputs: readonly NodeInput[];
  /** What the file's own node makes. */
  readonly outputs: readonly NodeValue[];
  /** See `multiplyAdds`. */
  readonly multiplyAdds: number | null;
}

/** What is known of the node that makes a layer. @param readFrom by value, its layer's index */
export function layerNode(
  node: Node,
  { facts }: Pick<StaticGraph, "facts">,
  readFrom: ReadonlyMap<Value, number>,
): LayerNode {
  const { inputs, outputs } = node.source ?? node;
  const valueOf = (name: Value) => ({ name, shape: facts.get(name)?.shape ?? null });
  return {
    output: firstOutput(node),
    inputs: inputs.map((name) => ({ ...valueOf(name), layer: readFrom.get(name) ?? null })),
    outputs: outputs.map(valueOf),
    multiplyAdds: multiplyAdds(node, inputsOf(node, facts), facts.get(firstOutput(node))),
  };
}
