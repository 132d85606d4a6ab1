import { ModelError } from "./errors.ts";
import { neededFor } from "./graph-order.ts";
import type { Node, Value } from "./model.ts";
import { operatorsNamed } from "./node.ts";
import type { StaticGraph } from "./static-graph.ts";

/** A layer's value, and where each image lies in it. */
export interface LayerValue {
  readonly value: Value;
  /** Places of each image in axis 0, at the network's own size. @default 1 */
  readonly parts?: number;
  /** Axis along which the images lie. @default 0 */
  readonly batchAxis?: number;
  /** Layers that are looked at together, which `value` then only names. @default it is one layer */
  readonly joined?: readonly LayerValue[];
}

/**
 * The nodes from the image to `layer`, in topological order: those the layer depends on, no others;
 * of joined layers those that any of them depends on. Constants they read are initializers of
 * `graph.graph`. Optional outputs that none of them reads are left out.
 *
 * @throws ModelError (or a subclass) that says why, if the layer's value could not be inferred,
 *   does not have its images where the layer says or does not depend on the image.
 */
export function cutAt(graph: StaticGraph, layer: LayerValue): readonly Node[] {
  const ends = layer.joined ?? [layer];
  for (const end of ends) requireImages(graph, end);
  const needed = neededFor(
    graph.graph.nodes,
    ends.map(({ value }) => value),
  );
  for (const { value } of ends) {
    const { read } = ends.length === 1 ? needed : neededFor(needed.nodes, [value]);
    if (read.has(graph.input)) continue;
    throw new ModelError(`value '${value}' does not depend on the image`);
  }
  return needed.nodes.map((node) => withoutUnread(node, needed.read));
}

/** @throws ModelError if the value is not known, or has its images elsewhere */
function requireImages(graph: StaticGraph, { value, parts = 1, batchAxis = 0 }: LayerValue): void {
  const liesElsewhere = parts > 1 || batchAxis > 0;
  const isKnown = liesElsewhere && (graph.parts.has(value) || graph.batchAxes.has(value));
  const problem = graph.problems.get(value) ?? (isKnown ? null : graph.unbatched.get(value));
  if (problem) throw problem;
}

/** Operators that need not have the outputs behind their first. */
const WITH_OPTIONAL_OUTPUTS = operatorsNamed("Dropout LayerNormalization MaxPool");

/** What is not read may be what a provider does not compute, as WebGPU where maxima are. */
function withoutUnread(node: Node, read: ReadonlySet<Value>): Node {
  if (node.domain !== "" || !WITH_OPTIONAL_OUTPUTS.has(node.op)) return node;
  const count = 1 + node.outputs.findLastIndex((output) => output !== "" && read.has(output));
  return count === node.outputs.length ? node : { ...node, outputs: node.outputs.slice(0, count) };
}
