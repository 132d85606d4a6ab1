import { ModelError } from "./errors.ts";
import { neededFor } from "./graph-order.ts";
import type { Node, Value } from "./model.ts";
import type { StaticGraph } from "./static-graph.ts";

/**
 * The nodes from the image to `layer`, in topological order: those the layer depends on, no others.
 * Constants they read are initializers of `graph.graph`.
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
  if (read.has(graph.input)) return nodes;
  throw new ModelError(`value '${layer}' does not depend on the image`);
}
