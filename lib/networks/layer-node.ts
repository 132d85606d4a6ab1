import type { Node, Value } from "../onnx/model.ts";
import { firstOutput, intAttribute } from "../onnx/node.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";
import { sizeOf } from "../onnx/tensor.ts";

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
  /** See `multiplyAddsOf`. */
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
    multiplyAdds: multiplyAddsOf(node, { facts }),
  };
}

/**
 * Products that are summed, of all outputs of a convolution or a product of matrices; a bias is not
 * counted. `null` for other operators, which are not counted in the field either, and where a shape
 * is not known.
 */
function multiplyAddsOf(node: Node, { facts }: Pick<StaticGraph, "facts">): number | null {
  const shapeOf = (value: Value | undefined) => (value ? facts.get(value)?.shape : undefined);
  const [a, b] = node.inputs.map(shapeOf);
  const made = shapeOf(node.outputs[0]);
  if (node.domain !== "" || !a || !b || !made) return null;
  switch (node.op) {
    case "Conv":
      return sizeOf(made) * sizeOf(b.slice(1));
    case "ConvTranspose":
      return sizeOf(a) * sizeOf(b.slice(1));
    case "MatMul":
      return sizeOf(made) * (a.at(-1) ?? 1);
    case "Gemm":
      return sizeOf(made) * (a[intAttribute(node, "transA", 0) === 0 ? 1 : 0] ?? 1);
    default:
      return null;
  }
}
