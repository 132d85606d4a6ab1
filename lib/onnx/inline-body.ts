import { subgraphsOf, withSubgraphs } from "./graph-order.ts";
import type { Graph, Node, Value } from "./model.ts";
import { namesIn } from "./names.ts";

/** New names of values; one that it does not hold keeps its own. */
export type Renaming = ReadonlyMap<Value, Value>;

/**
 * The node, and what the file has in its place, with values under other names, those that the
 * graphs inside the node read too.
 */
export function withNames(node: Node, renaming: Renaming): Node {
  const nameOf = (value: Value) => renaming.get(value) ?? value;
  const named = (each: Node): Node => ({
    ...each,
    inputs: each.inputs.map(nameOf),
    outputs: each.outputs.map(nameOf),
  });
  const whole = named(withSubgraphs(node, (graph) => withNamesAround(graph, renaming)));
  // the graphs inside it are the file's: renamed in both, nested ones would double with each level
  return whole.source ? { ...whole, source: named(whole.source) } : whole;
}

/** A graph inside a node, where values around it have other names. */
function withNamesAround(graph: Graph, renaming: Renaming): Graph {
  const captured = new Map(renaming);
  for (const own of namesIn(graph)) captured.delete(own);
  const nodes = graph.nodes.map((node) => withNames(node, captured));
  const outputs = graph.outputs.map((output) => {
    return { ...output, name: captured.get(output.name) ?? output.name };
  });
  return { ...graph, nodes, outputs };
}

/** The names of a graph's values and of those in the graphs inside it, however deep. */
export function allNamesIn(graph: Graph): Set<Value> {
  const names = namesIn(graph);
  for (const subgraph of graph.nodes.flatMap(subgraphsOf)) {
    for (const name of allNamesIn(subgraph)) names.add(name);
  }
  return names;
}

/** Names that a node of the usual kind reads and writes. */
const USUAL_EDGES = 4;

/** What it takes to write a node, in nodes of the usual kind. */
export function costOf({ inputs, outputs, ...node }: Node): number {
  const inside = subgraphsOf(node).reduce((sum, graph) => sum + costOfBody(graph), 0);
  return Math.max(1, (inputs.length + outputs.length) / USUAL_EDGES) + inside;
}

/** Of all nodes of a body; more than 0, so that rounds of nothing come to an end. */
export function costOfBody(graph: Graph): number {
  const known = costs.get(graph);
  if (known !== undefined) return known;
  const ends = (graph.inputs.length + graph.outputs.length) / USUAL_EDGES;
  const cost = graph.nodes.reduce((sum, node) => sum + costOf(node), Math.max(1, ends));
  costs.set(graph, cost);
  return cost;
}

/** Asked for again in each round. */
const costs = new WeakMap<Graph, number>();
