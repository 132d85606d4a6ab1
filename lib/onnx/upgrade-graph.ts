import { FoldingBudget, requireWithin } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { withSubgraphs } from "./graph-order.ts";
import { allNamesIn } from "./inline-body.ts";
import type { Graph, Node, Value } from "./model.ts";
import { freshName } from "./names.ts";
import { refused } from "./node.ts";
import { NumbersOfIntegers } from "./operators/integer-grid.ts";
import { operatorOf } from "./operators/table.ts";
import { type Rewriting, withoutAttributes } from "./operators/upgrade.ts";
import { isStandard } from "./readers.ts";
import { inferIfPossible } from "./shape-inference.ts";
import { sizeOf, type Tensor } from "./tensor.ts";

/**
 * The graph with every operator, those of its subgraphs too, as opset 18 (`OPSET`) defines it, and
 * what Constant nodes hold as initializers. A node in a mode that opset 18 cannot express stays, as
 * one that is refused.
 *
 * @param graph In topological order, operators as of `opset`.
 * @param opset 1 to 26.
 * @param mostNodes that the graph may then have, those of its subgraphs too
 *
 * @throws BudgetError
 */
export function upgradeGraph(graph: Graph, opset: number, mostNodes: number): Graph {
  return new Upgrader(graph, opset, mostNodes).whole(graph);
}

type Known = Pick<Rewriting, "constantOf" | "factsOf">;

/** Writes the nodes of a graph, and of those inside it, as opset 18 has them. */
class Upgrader {
  readonly #rewriting: Omit<Rewriting, keyof Known>;
  readonly #mostNodes: number;
  /** For nodes of subgraphs too, which may read what is around them. */
  readonly #added = new Map<Value, Tensor>();
  #written = 0;

  constructor(graph: Graph, opset: number, mostNodes: number) {
    const taken = allNamesIn(graph);
    const fresh = (hint: string) => freshName(taken, hint);
    const constant = (tensor: Tensor, hint: string) => {
      const name = fresh(hint);
      this.#added.set(name, tensor);
      return name;
    };
    this.#rewriting = { opset, fresh, constant, numbers: new NumbersOfIntegers(sizesOf(graph)) };
    this.#mostNodes = mostNodes;
  }

  whole(graph: Graph): Graph {
    const upgraded = this.#upgraded(graph, new Scope([], this.#added));
    return { ...upgraded, initializers: new Map([...upgraded.initializers, ...this.#added]) };
  }

  #upgraded(graph: Graph, around: Scope): Graph {
    const scope = new Scope(graph.inputs, new Map(graph.initializers), around);
    for (const node of graph.nodes) {
      const made = this.#upgradedNode(node, scope);
      this.#written += made.length;
      requireWithin("the file", this.#written, "or more nodes as of opset 18", this.#mostNodes);
      for (const each of made) scope.add(each);
    }
    return { ...graph, nodes: scope.nodes, initializers: scope.initializers };
  }

  #upgradedNode(node: Node, scope: Scope): readonly Node[] {
    const whole = withSubgraphs(node, (subgraph) => this.#upgraded(subgraph, scope));
    const { constantOf, factsOf } = scope;
    try {
      const upgrade = operatorOf(node)?.upgrade;
      const bare = withoutHints(whole);
      const made = upgrade?.(bare, { ...this.#rewriting, constantOf, factsOf }) ?? [bare];
      return made.map((each) => (each === whole ? each : { ...each, source: whole }));
    } catch (error) {
      if (error instanceof ModelError) {
        return [{ ...refused(whole, error.message), source: whole }];
      }
      throw error;
    }
  }
}

/** Up to opset 5 a node may say which of its inputs a runtime may write over. */
function withoutHints(node: Node): Node {
  return "consumed_inputs" in node.attributes ? withoutAttributes(node, "consumed_inputs") : node;
}

/** What a Constant node holds, in whichever attribute; `null` for any other node. */
function tensorOf(node: Node): Tensor | null {
  return isStandard(node, "Constant") ? (inferIfPossible(node, [])[0]?.constant ?? null) : null;
}

/** Elements of all constants together. */
function sizesOf({ initializers, nodes }: Graph): number {
  const tensors = [...initializers.values(), ...nodes.flatMap((node) => tensorOf(node) ?? [])];
  return tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Stand-ins for lengths the file leaves open: only types and numbers of axes are asked for. */
const NOMINAL_SHAPE = [1, 3];
const NOMINAL_LENGTH = 224;

/** What is known of a graph's values while its nodes are upgraded, of those around it too. */
class Scope implements Known {
  /** Upgraded so far. */
  readonly nodes: Node[] = [];
  readonly initializers: Map<Value, Tensor>;
  /** Constants under another name. */
  readonly #passedOn = new Map<Value, Tensor>();
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #budget = new FoldingBudget();
  readonly #around: Scope | null;
  /** Nodes whose shapes have been inferred, as far as it goes: when one is asked for. */
  #done = 0;

  constructor(
    inputs: Graph["inputs"],
    initializers: Map<Value, Tensor>,
    around: Scope | null = null,
  ) {
    this.initializers = initializers;
    this.#around = around;
    for (const { name, type, shape } of inputs) {
      const nominal = shape?.map((length, axis) => length ?? NOMINAL_SHAPE[axis] ?? NOMINAL_LENGTH);
      if (nominal) this.#facts.set(name, { type, shape: nominal });
    }
  }

  readonly constantOf: Rewriting["constantOf"] = (value) =>
    this.#ownConstant(value) ?? this.#around?.constantOf(value) ?? null;

  readonly factsOf: Rewriting["factsOf"] = (value) => {
    for (; this.#done < this.nodes.length; this.#done++) this.#infer(this.nodes[this.#done]!);
    return this.#known(value);
  };

  /** A Constant node is kept as what it holds. */
  add(node: Node): void {
    const [output = ""] = node.outputs;
    const held = tensorOf(node);
    if (held) {
      if (output) this.initializers.set(output, held);
      return;
    }
    this.nodes.push(node);
    const passed = isStandard(node, "Identity") ? this.constantOf(node.inputs[0] ?? "") : null;
    if (passed) this.#passedOn.set(output, passed);
  }

  #ownConstant(value: Value): Tensor | undefined {
    return this.initializers.get(value) ?? this.#passedOn.get(value);
  }

  #infer(node: Node): void {
    const inputs = node.inputs.map((value) => (value ? this.#known(value) : null));
    // none of an unknown operator, or of a shape that the nominal lengths do not fit
    inferIfPossible(node, inputs, this.#budget).forEach((facts, i) => {
      const output = node.outputs[i];
      if (output) this.#facts.set(output, facts);
    });
  }

  #known(value: Value): ValueFacts | null {
    const tensor = this.#ownConstant(value);
    if (tensor) return constantFacts(tensor);
    return this.#facts.get(value) ?? this.#around?.factsOf(value) ?? null;
  }
}
