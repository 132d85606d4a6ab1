import { ModelError } from "./errors.ts";
import { neededFor } from "./graph-order.ts";
import type { Node, Value } from "./model.ts";
import type { StaticGraph } from "./static-graph.ts";

/**
 * The nodes from the image to `layer`, in topological order: those the layer depends on, no others.
 * Constants they read are initializers of `graph.graph`. Optional outputs that none of them reads
 * are left out.
 *
 * @param isElsewhere whether the layer may have several places for each image in its leading axis,
 *   or its images along another axis
 * @throws ModelError (or a subclass) that says why, if the layer's value could not be inferred,
 *   does not have the batch as its leading axis or does not depend on the image.
 */
export function cutAt(graph: StaticGraph, layer: Value, isElsewhere = false): readonly Node[] {
  const isKnown = isElsewhere && (graph.parts.has(layer) || graph.batchAxes.has(layer));
  const problem = graph.problems.get(layer) ?? (isKnown ? null : graph.unbatched.get(layer));
  if (problem) throw problem;
  const { nodes, read } = neededFor(graph.graph.nodes, [layer]);
  if (read.has(graph.input)) return nodes.map((node) => withoutUnread(node, read));
  throw new ModelError(`value '${layer}' does not depend on the image`);
}

/** Operators that need not have the outputs behind their first. */
const WITH_OPTIONAL_OUTPUTS: ReadonlySet<string> = new Set([
  "Dropout",
  "LayerNormalization",
  "MaxPool",
]);

/** What is not read may be what a provider does not compute, as WebGPU where maxima are. */
function withoutUnread(node: Node, read: ReadonlySet<Value>): Node {
  if (node.domain !== "" || !WITH_OPTIONAL_OUTPUTS.has(node.op)) return node;
  const count = 1 + node.outputs.findLastIndex((output) => output !== "" && read.has(output));
  return count === node.outputs.length ? node : { ...node, outputs: node.outputs.slice(0, count) };
}
