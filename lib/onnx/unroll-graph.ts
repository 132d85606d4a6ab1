import { FoldingBudget } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { NodeExpander, type Walk } from "./expanded-node.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { neededFor, subgraphsOf } from "./graph-order.ts";
import type { Graph, Node, Value } from "./model.ts";
import { inputsOf } from "./operators/inputs.ts";
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
  const { nodes, added, sequences } = new ConstantWalk(graph, mostNodes - graph.nodes.length);
  // but for those that make sequences which nothing reads
  const made = nodes.flatMap(({ outputs }) => outputs).filter((value) => !sequences.has(value));
  const ends = [...made, ...graph.outputs.map(({ name }) => name)];
  const { nodes: kept, read } = neededFor(nodes, ends);
  const constants = [...added].filter(([name]) => read.has(name));
  return { ...graph, nodes: kept, initializers: new Map([...graph.initializers, ...constants]) };
}

/** A walk over a graph's nodes, on which nothing is known but what follows from constants. */
class ConstantWalk implements Walk {
  readonly facts = new Map<Value, ValueFacts>();
  /** Constants of nodes that were written. */
  readonly added = new Map<Value, Tensor>();
  /** In place of those that are unrolled, what they stand for. */
  readonly nodes: Node[] = [];
  readonly #expander: NodeExpander;
  readonly #budget = new FoldingBudget();

  /** @param mostNodes that may be written */
  constructor(graph: Graph, mostNodes: number) {
    for (const [name, tensor] of graph.initializers) this.facts.set(name, constantFacts(tensor));
    this.#expander = new NodeExpander(graph, this, mostNodes);
    for (const node of graph.nodes) this.visit(node);
  }

  get sequences(): NodeExpander["sequences"] {
    return this.#expander.sequences;
  }

  factsOf(value: Value): ValueFacts {
    const known = this.facts.get(value);
    if (!known) throw new ModelError(`value '${value}' is not known before the network runs`);
    return known;
  }

  addConstant(name: Value, tensor: Tensor): void {
    this.added.set(name, tensor);
    this.facts.set(name, constantFacts(tensor));
  }

  visit(node: Node): void {
    if (this.#isUnrolled(node)) {
      // some that read the sequence may stay
      if (this.#makesSequence(node)) this.nodes.push(node);
      return;
    }
    this.nodes.push(node);
    inferIfPossible(node, inputsOf(node, this.facts), this.#budget).forEach((known, i) => {
      const output = node.outputs[i];
      if (output && known.constant) this.facts.set(output, known);
    });
  }

  /** Visits what the node stands for, if constants decide what that is. */
  #isUnrolled(node: Node): boolean {
    const isSequence = this.sequences.has(node.inputs[0] ?? "");
    if (!operatorOf(node)?.expand && !isSequence) return false;
    const before = this.nodes.length;
    try {
      return this.#expander.expand(node);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      this.nodes.length = before;
      return false;
    }
  }

  /** Itself, not by nodes that it holds. */
  #makesSequence(node: Node): boolean {
    const isMade = node.outputs.some((output) => this.sequences.has(output));
    return isMade && subgraphsOf(node).length === 0;
  }
}
