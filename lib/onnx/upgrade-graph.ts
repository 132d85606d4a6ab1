import { BudgetError, FoldingBudget } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { withSubgraphs } from "./graph-order.ts";
import { allNamesIn } from "./inline-body.ts";
import type { Graph, Node, Value } from "./model.ts";
import { freshName } from "./names.ts";
import { refused } from "./node.ts";
import { NumbersOfIntegers } from "./operators/integer-grid.ts";
import { operatorOf } from "./operators/table.ts";
import type { Rewriting } from "./operators/upgrade.ts";
import { inferIfPossible } from "./shape-inference.ts";
import { sizeOf, type Tensor } from "./tensor.ts";

/**
 * The graph with every operator, those of its subgraphs too, as opset 18 (`OPSET`) defines it. A
 * node in a mode that opset 18 cannot express stays, as one that is refused.
 *
 * @param graph In topological order, operators as of `opset`.
 * @param opset 7 to 26.
 * @param mostNodes that the graph may then have, those of its subgraphs too
 *
 * @throws BudgetError
 */
export function upgradeGraph(graph: Graph, opset: number, mostNodes: number): Graph {
  const nodes: Node[] = [];
  const initializers = new Map(graph.initializers);
  const tracker = new FactsTracker(graph, nodes, initializers);
  const taken = allNamesIn(graph);
  const constants = new Map<Value, Tensor>(initializers);

  const fresh = (hint: string) => freshName(taken, hint);
  const rewriting: Rewriting = {
    opset,
    fresh,
    constant: (tensor, hint) => {
      const name = fresh(hint);
      initializers.set(name, tensor);
      constants.set(name, tensor);
      return name;
    },
    numbers: new NumbersOfIntegers(sizesOf(graph)),
    constantOf: (value) => constants.get(value) ?? null,
    factsOf: (value) => tracker.factsOf(value),
  };

  let written = 0;
  const counted = (made: readonly Node[]): readonly Node[] => {
    written += made.length;
    if (written <= mostNodes) return made;
    throw new BudgetError("the file", `${written} or more nodes as of opset 18`, mostNodes);
  };
  const upgraded = (node: Node, within: Rewriting): readonly Node[] => {
    const value = node.op === "Constant" ? node.attributes["value"] : undefined;
    if (typeof value === "object" && "tensor" in value) {
      constants.set(node.outputs[0]!, value.tensor);
    }
    const upgrade = operatorOf(node)?.upgrade;
    const whole = withSubgraphs(node, (subgraph) => upgradedSubgraph(subgraph, within));
    try {
      const made = upgrade ? upgrade(whole, within) : [whole];
      for (const { op, inputs, outputs } of made) {
        const constant = op === "Identity" ? constants.get(inputs[0] ?? "") : undefined;
        if (constant) constants.set(outputs[0]!, constant);
      }
      return made;
    } catch (error) {
      if (error instanceof ModelError) return [refused(whole, error.message)];
      throw error;
    }
  };
  // what an upgrade adds to a subgraph's constants goes to the graph around it, which it may read
  const upgradedSubgraph = (subgraph: Graph, around: Rewriting): Graph => {
    for (const [name, tensor] of subgraph.initializers) constants.set(name, tensor);
    const inner: Node[] = [];
    const known = new FactsTracker(subgraph, inner, constants, around.factsOf);
    const within = { ...around, factsOf: (value: Value) => known.factsOf(value) };
    for (const node of subgraph.nodes) inner.push(...counted(upgraded(node, within)));
    return { ...subgraph, nodes: inner };
  };
  for (const node of graph.nodes) nodes.push(...counted(upgraded(node, rewriting)));
  return { ...graph, nodes, initializers };
}

/** Elements of all constants together. */
function sizesOf({ initializers, nodes }: Graph): number {
  const values = nodes.map(({ attributes }) => attributes["value"]);
  const tensors = values.flatMap((value) =>
    typeof value === "object" && "tensor" in value ? [value.tensor] : [],
  );
  return [...initializers.values(), ...tensors].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Stand-ins for lengths the file leaves open: only types and numbers of axes are asked for. */
const NOMINAL_SHAPE = [1, 3];
const NOMINAL_LENGTH = 224;

/** Infers shapes of the nodes upgraded so far, as far as asked and as far as it goes. */
class FactsTracker {
  readonly #nodes: readonly Node[];
  readonly #initializers: ReadonlyMap<Value, Tensor>;
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #budget = new FoldingBudget();
  readonly #around: Rewriting["factsOf"];
  #done = 0;

  /** @param around of the graph that this one is inside of */
  constructor(
    graph: Graph,
    nodes: readonly Node[],
    initializers: ReadonlyMap<Value, Tensor>,
    around: Rewriting["factsOf"] = () => null,
  ) {
    this.#nodes = nodes;
    this.#initializers = initializers;
    this.#around = around;
    for (const { name, type, shape } of graph.inputs) {
      const nominal = shape?.map((length, axis) => length ?? NOMINAL_SHAPE[axis] ?? NOMINAL_LENGTH);
      if (nominal) this.#facts.set(name, { type, shape: nominal });
    }
  }

  factsOf(value: Value): ValueFacts | null {
    for (; this.#done < this.#nodes.length; this.#done++) this.#infer(this.#nodes[this.#done]!);
    return this.#known(value);
  }

  #infer(node: Node): void {
    const inputs = node.inputs.map((value) => (value ? this.#known(value) : null));
    // a value not known makes its dependants so
    if (node.inputs.some((value, i) => value && !inputs[i])) return;
    // none of an unknown operator, or of a shape that the nominal lengths do not fit
    inferIfPossible(node, inputs, this.#budget).forEach((facts, i) => {
      const output = node.outputs[i];
      if (output) this.#facts.set(output, facts);
    });
  }

  #known(value: Value): ValueFacts | null {
    const tensor = this.#initializers.get(value);
    return tensor ? constantFacts(tensor) : (this.#facts.get(value) ?? this.#around(value));
  }
}
