import { FoldingBudget } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { NodeExpander } from "./expanded-node.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { subgraphsOf, valuesRead } from "./graph-order.ts";
import type { Graph, Node, Value } from "./model.ts";
import { operatorOf } from "./operators/table.ts";
import { inferIfPossible } from "./shape-inference.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The graph with control flow and sequences that constants alone decide as the nodes that they
 * stand for, whose layers are then known by name: a Loop of three rounds is its body three times.
 * What depends on the image's size is left as it is, for `specialise`.
 *
 * @param graph operators as of `OPSET`
 * @param mostNodes that it may then have; what would make more is left too
 */
export function unrollGraph(graph: Graph, mostNodes: number): Graph {
  if (!graph.nodes.some((node) => operatorOf(node)?.expand)) return graph;
  const facts = new Map<Value, ValueFacts>();
  const added = new Map<Value, Tensor>();
  const nodes: Node[] = [];
  const budget = new FoldingBudget();
  for (const [name, tensor] of graph.initializers) facts.set(name, constantFacts(tensor));
  const factsOf = (value: Value) => {
    const known = facts.get(value);
    if (!known) throw new ModelError(`value '${value}' is not known before the network runs`);
    return known;
  };
  const addConstant = (name: Value, tensor: Tensor) => {
    added.set(name, tensor);
    facts.set(name, constantFacts(tensor));
  };
  const walk = { facts, factsOf, visit, addConstant };
  const expander = new NodeExpander(graph, walk, mostNodes - graph.nodes.length);
  graph.nodes.forEach(visit);
  const kept = withoutUnread(nodes, graph, (value) => expander.sequences.has(value));
  const read = new Set(kept.flatMap(valuesRead));
  const constants = [...added].filter(([name]) => read.has(name));
  return { ...graph, nodes: kept, initializers: new Map([...graph.initializers, ...constants]) };

  function visit(node: Node): void {
    const before = nodes.length;
    try {
      const isSequence = expander.sequences.has(node.inputs[0] ?? "");
      if ((operatorOf(node)?.expand || isSequence) && expander.expand(node)) {
        // some that read the sequence may stay
        if (makesSequence(node)) nodes.push(node);
        return;
      }
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      nodes.length = before;
    }
    nodes.push(node);
    const inputs = node.inputs.map((value) => facts.get(value) ?? null);
    if (node.inputs.some((value, i) => value && !inputs[i])) return;
    inferIfPossible(node, inputs, budget).forEach((known, i) => {
      const output = node.outputs[i];
      if (output && known.constant) facts.set(output, known);
    });
  }

  /** Itself, not by nodes that it holds. */
  function makesSequence(node: Node): boolean {
    const isMade = node.outputs.some((output) => expander.sequences.has(output));
    return isMade && subgraphsOf(node).length === 0;
  }
}

/** The nodes without those that make sequences which nothing reads. */
function withoutUnread(
  nodes: readonly Node[],
  graph: Graph,
  isSequence: (value: Value) => boolean,
): readonly Node[] {
  const read = new Set(graph.outputs.map(({ name }) => name));
  const kept = nodes.toReversed().filter((node) => {
    const isNeeded = node.outputs.some((output) => !isSequence(output) || read.has(output));
    if (isNeeded) for (const value of valuesRead(node)) read.add(value);
    return isNeeded || node.outputs.length === 0;
  });
  return kept.toReversed();
}
