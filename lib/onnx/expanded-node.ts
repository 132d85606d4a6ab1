import { BudgetError, MAX_UNROLLED_NODES } from "./budgets.ts";
import type { ValueFacts } from "./facts.ts";
import type { Node, Value } from "./model.ts";
import { describeNode } from "./node.ts";
import { operatorOf } from "./operators/table.ts";
import { Emitter } from "./operators/upgrade.ts";
import { type Expansion, takenBranch } from "./taken-branch.ts";
import type { Tensor } from "./tensor.ts";

type Facts = ReadonlyMap<Value, ValueFacts>;

/** Writes nodes as others, where that takes the shapes or the values that they are given. */
export class NodeExpander {
  readonly #taken: Set<Value>;
  /** Nodes, so far. */
  #unrolled = 0;
  /** The number of the latest name. */
  #serial = 0;

  /** @param taken names of the graph's values */
  constructor(taken: Set<Value>) {
    this.#taken = taken;
  }

  /**
   * The branch that an If takes, a recurrent node step by step, a sample pixel by pixel; `null` for
   * any other node, and where what it reads is not known.
   *
   * @throws ModelError for a mode that is not supported
   */
  expanded(node: Node, facts: Facts): Expansion | null {
    return takenBranch(node, facts) ?? this.#steps(node, facts);
  }

  #steps(node: Node, facts: Facts): Expansion | null {
    const write = operatorOf(node)?.unroll;
    if (!write || node.inputs.some((value) => value && !facts.has(value))) return null;
    const initializers = new Map<Value, Tensor>();
    const constant = (tensor: Tensor, hint: string) => {
      const name = this.#fresh(hint);
      initializers.set(name, tensor);
      return name;
    };
    const emitter = new Emitter(node, { fresh: (hint) => this.#fresh(hint), constant });
    const inputs = node.inputs.map((value) => facts.get(value) ?? null);
    write(node, inputs, emitter);
    this.#unrolled += emitter.nodes.length;
    if (this.#unrolled > MAX_UNROLLED_NODES) {
      const wanted = `${this.#unrolled} nodes with all steps before it`;
      throw new BudgetError(describeNode(node), wanted, MAX_UNROLLED_NODES);
    }
    return { nodes: emitter.nodes, initializers };
  }

  /** Numbers go on from name to name: a step more is not a search through all before. */
  #fresh(hint: string): Value {
    let name: Value;
    do name = `${hint}_${++this.#serial}`;
    while (this.#taken.has(name));
    return name;
  }
}
