import { MAX_UNROLLED_NODES, requireWithin } from "./budgets.ts";
import type { Facts, ValueFacts } from "./facts.ts";
import { valuesRead } from "./graph-order.ts";
import { allNamesIn, costOf, costOfBody, withNames } from "./inline-body.ts";
import type { Graph, Node, Value } from "./model.ts";
import { inputsOf } from "./operators/inputs.ts";
import type { Expansion, Inlined } from "./operators/operator.ts";
import { operatorOf } from "./operators/table.ts";
import { Emitter, type Naming } from "./operators/upgrade.ts";
import { isStandard } from "./readers.ts";
import type { Tensor } from "./tensor.ts";

/** A walk over a graph, node by node, on which nodes are written as others. */
export interface Walk {
  /** What is known of each value, so far. */
  readonly facts: Facts;
  /** Of one value. @throws ModelError that says why nothing is known */
  factsOf(value: Value): ValueFacts;
  /** Does with a node that is written what is done with one of the graph. */
  visit(node: Node): void;
  addConstant(name: Value, tensor: Tensor): void;
}

/**
 * Writes nodes as others, where that takes the shapes or the values that they are given: a
 * recurrent node step by step, a Loop round by round, the branch that an If takes.
 */
export class NodeExpander implements Pick<Expansion, "sequences"> {
  readonly #walk: Walk;
  readonly #mostNodes: number;
  readonly #taken: Set<Value>;
  /** The number of the latest name that starts so. */
  readonly #serials = new Map<string, number>();
  /** Constants of bodies: one for all rounds. */
  readonly #byTensor = new Map<Tensor, Value>();
  /** Nodes, so far. */
  #unrolled = 0;
  /** The elements of each sequence. */
  readonly sequences = new Map<Value, readonly Value[]>();

  /** @param mostNodes that may be written */
  constructor(graph: Graph, walk: Walk, mostNodes = MAX_UNROLLED_NODES) {
    this.#taken = allNamesIn(graph);
    this.#walk = walk;
    this.#mostNodes = mostNodes;
  }

  /**
   * Writes the node as others and visits these; `false` for a node that stays as it is, and where
   * what it reads is not known.
   *
   * @throws ModelError for a mode that is not supported, and where what decides is known only as
   *   the network runs
   */
  expand(node: Node): boolean {
    const elements = isStandard(node, "Identity") && this.sequences.get(node.inputs[0] ?? "");
    if (elements) {
      for (const output of node.outputs) if (output) this.sequences.set(output, elements);
      return true;
    }
    const { unroll, expand } = operatorOf(node) ?? {};
    // once too much is written, nothing is even begun
    if (unroll || expand) this.#count(node, 0);
    const emitter = new Emitter(node, this.#naming);
    let visited = 0;
    const flush = () => {
      const pending = emitter.nodes.slice(visited);
      visited = emitter.nodes.length;
      this.#count(
        node,
        pending.reduce((sum, each) => sum + costOf(each), 0),
      );
      for (const each of pending) this.#walk.visit(each);
    };
    if (expand) {
      expand(node, {
        emitter,
        factsOf: (value) => this.#walk.factsOf(value),
        sequences: this.sequences,
        count: (nodes) => this.#count(node, nodes),
        inline: (call) => {
          flush();
          return this.#inline(node, call);
        },
      });
    } else if (unroll && node.inputs.every((value) => !value || this.#walk.facts.has(value))) {
      unroll(node, inputsOf(node, this.#walk.facts), emitter);
    } else return false;
    flush();
    return true;
  }

  #inline(node: Node, { body, given, place, unchanging }: Inlined): readonly Value[] {
    this.#count(node, costOfBody(body));
    const changing = new Set(body.inputs.map(({ name }) => name));
    const values = new Map(unchanging);
    body.inputs.forEach(({ name }, i) => values.set(name, given[i]!));
    for (const [name, tensor] of body.initializers) values.set(name, this.#shared(tensor, place));
    for (const inner of body.nodes) {
      if (inner.outputs.every((output) => !output || unchanging.has(output))) continue;
      const isChanging = valuesRead(inner).some((value) => changing.has(value));
      for (const output of inner.outputs.filter(Boolean)) {
        const name = this.#fresh(`${place}/${withoutRoot(output)}`);
        values.set(output, name);
        if (isChanging) changing.add(output);
        else unchanging.set(output, name);
      }
      // as exporters write what a node is part of: /layer1/conv/Conv
      const name = inner.name && `${place}/${withoutRoot(inner.name)}`;
      this.#walk.visit({ ...withNames(inner, values), name });
    }
    return body.outputs.map(({ name }) => values.get(name) ?? name);
  }

  #count(node: Node, nodes: number): void {
    this.#unrolled += nodes;
    const count = Math.ceil(this.#unrolled);
    requireWithin(node, count, "nodes with all steps before it", this.#mostNodes);
  }

  #shared(tensor: Tensor, place: string): Value {
    const known = this.#byTensor.get(tensor);
    if (known !== undefined) return known;
    const name = this.#naming.constant(tensor, `${place}/constant`);
    this.#byTensor.set(tensor, name);
    return name;
  }

  readonly #naming: Naming = {
    fresh: (hint) => this.#fresh(hint),
    constant: (tensor, hint) => {
      const name = this.#fresh(hint);
      this.#walk.addConstant(name, tensor);
      return name;
    },
  };

  /**
   * Numbers go on from name to name: a step more is not a search through all before. They depend on
   * nothing but names, so that values are called alike where a batch makes for more rounds before
   * them.
   */
  #fresh(hint: string): Value {
    let serial = this.#serials.get(hint) ?? 0;
    let name: Value;
    do name = serial++ === 0 ? hint : `${hint}_${serial}`;
    while (this.#taken.has(name));
    this.#serials.set(hint, serial);
    this.#taken.add(name);
    return name;
  }
}

function withoutRoot(name: string): string {
  return name.replace(/^\/+/, "");
}
