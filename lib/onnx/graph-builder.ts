import { FoldingBudget, MAX_EMITTED_NODES, MAX_MADE_ELEMENTS, requireWithin } from "./budgets.ts";
import { ModelError } from "./errors.ts";
import { constantFacts, type ValueFacts } from "./facts.ts";
import { neededFor, valuesCaptured } from "./graph-order.ts";
import type { Attributes, Graph, Node, Value, ValueInfo } from "./model.ts";
import { standardNode } from "./node.ts";
import { inferNode } from "./shape-inference.ts";
import { type ElementType, floatTensor, intsTensor, sizeOf, type Tensor } from "./tensor.ts";

/** Length of an axis that is known only at run time, as of what a Loop stacks up. */
export const OPEN_AXIS = -1;

/**
 * Emits an operator in other ones, where what runs the graph lacks it or has it wrong; `null`: it
 * stays as it is. What it emits itself is asked about too, so it must come to an end.
 */
export type Lowering = (graph: GraphBuilder, node: Node) => readonly Value[] | null;

/** Constants up to this many elements are shared by content; larger ones by identity. */
const DEDUPLICATE_UP_TO = 4096;

/**
 * Append-only graph with static shapes: every value's type and shape is known as it is emitted, so
 * a rule can ask for them and a wrong graph fails where it is built, not in ONNX Runtime.
 */
export class GraphBuilder {
  readonly #inputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<Value, Tensor>();
  readonly #facts = new Map<Value, ValueFacts>();
  readonly #constantNames = new Map<unknown, Value>();
  readonly #prefix: string;
  readonly #folding = new FoldingBudget();
  #counter = 0;
  #reserved = 0;
  #lowering: Lowering | null = null;

  /** @param prefix Starts every generated name; a Loop body must not repeat a name around it. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  input(name: Value, type: ElementType, shape: readonly number[]): Value {
    this.#inputs.push({ name, type, shape: declared(shape) });
    return this.outer(name, type, shape);
  }

  /** From now on operators are emitted as `lowering` says. */
  lowerBy(lowering: Lowering): void {
    this.#lowering = lowering;
  }

  /** A value of the graph around this one, which a Loop body may read by name. */
  outer(name: Value, type: ElementType, shape: readonly number[]): Value {
    this.#facts.set(name, { type, shape });
    return name;
  }

  /** Appends a node and returns its first output. */
  emit(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.emitMany(op, inputs, attributes, 1)[0]!;
  }

  /** Appends a node with `outputCount` outputs. @throws ModelError if the shapes do not fit. */
  emitMany(
    op: string,
    inputs: readonly Value[],
    attributes: Attributes,
    outputCount: number,
  ): readonly Value[] {
    const serial = this.#counter++;
    const name = `${this.#prefix}${op}_${serial}`;
    const outputs = Array.from({ length: outputCount }, (_, i) => (i ? `${name}_${i}` : name));
    const node = standardNode({ op, inputs, outputs, attributes });
    return this.#lowering?.(this, node) ?? this.append(node);
  }

  /** Appends a node as it is; its output names must be new. */
  append(node: Node): readonly Value[] {
    const facts = inferNode(
      node,
      node.inputs.map((value) => (value ? this.factsOf(value) : null)),
      this.#folding,
    );
    node.outputs.forEach((output, i) => {
      if (this.#facts.has(output)) throw new Error(`internal: value '${output}' is produced twice`);
      const fact = facts[i];
      if (!fact) throw new ModelError(`${node.op}: there is no output ${i}; leave it out`);
      if (output) this.#facts.set(output, fact);
    });
    this.#push(node);
    return node.outputs;
  }

  /**
   * To be called before a constant is made whose size the weights do not bound.
   *
   * @param what makes it, for the message
   * @throws BudgetError
   */
  reserve(elements: number, what: string): void {
    this.#reserved += elements;
    const made = "elements of constants besides the weights up to it";
    requireWithin(what, this.#reserved, made, MAX_MADE_ELEMENTS);
  }

  #push(node: Node): void {
    this.#nodes.push(node);
    const where = "the network up to this layer";
    requireWithin(where, this.#nodes.length, "nodes with its gradient", MAX_EMITTED_NODES);
  }

  /** Appends a node whose output shape does not follow from constants, as of a Slice that moves. */
  emitAs(
    facts: ValueFacts,
    op: string,
    inputs: readonly Value[],
    attributes: Attributes = {},
  ): Value {
    const name = `${this.#prefix}${op}_${this.#counter++}`;
    const node = standardNode({ op, inputs, outputs: [name], attributes });
    return this.appendWithFacts(node, [facts])[0]!;
  }

  /** Appends a node as it is, with the types and shapes of its outputs. */
  appendWithFacts(node: Node, facts: readonly ValueFacts[]): readonly Value[] {
    node.outputs.forEach((output, i) => this.#facts.set(output, facts[i]!));
    this.#push(node);
    return node.outputs;
  }

  constant(tensor: Tensor): Value {
    const key = contentKey(tensor);
    const known = this.#constantNames.get(key);
    if (known !== undefined) return known;
    const name = `${this.#prefix}constant_${this.#counter++}`;
    this.#constantNames.set(key, name);
    return this.initializer(name, tensor);
  }

  /** A constant under a name of the caller's. */
  initializer(name: Value, tensor: Tensor): Value {
    this.#initializers.set(name, tensor);
    this.#facts.set(name, constantFacts(tensor));
    return name;
  }

  scalar(value: number): Value {
    return this.constant(floatTensor([], [value]));
  }

  ints(values: readonly number[]): Value {
    return this.constant(intsTensor(values));
  }

  shapeOf(value: Value): readonly number[] {
    return this.factsOf(value).shape;
  }

  factsOf(value: Value): ValueFacts {
    const facts = this.#facts.get(value);
    if (!facts) throw new Error(`internal: value '${value}' is used before it is produced`);
    return facts;
  }

  /** The node that makes a value; of inputs and constants `undefined`. */
  makerOf(value: Value): Node | undefined {
    return this.#nodes.findLast(({ outputs }) => outputs.includes(value));
  }

  /**
   * The finished graph; each `[name, value]` of `outputs` becomes an output called `name`. What no
   * output depends on is left out: a form may emit more than its readers turn out to need.
   */
  build(name: string, outputs: readonly (readonly [name: string, value: Value])[]): Graph {
    const renamed = this.#renamable(outputs);
    const rename = (value: Value) => renamed.get(value) ?? value;
    const values = outputs.map(([, value]) => value);
    const { nodes: needed, read } = neededFor(this.#nodes, values);
    const nodes = needed.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const copies = outputs
      .filter(([to, from]) => renamed.get(from) !== to)
      .map(([to, from]) =>
        standardNode({
          op: "Identity",
          name: `${this.#prefix}output_${to}`,
          inputs: [rename(from)],
          outputs: [to],
        }),
      );
    return {
      name,
      inputs: this.#inputs,
      outputs: outputs.map(([to, from]) => ({
        name: to,
        type: this.factsOf(from).type,
        shape: declared(this.shapeOf(from)),
      })),
      nodes: [...nodes, ...copies],
      initializers: new Map([...this.#initializers].filter(([value]) => read.has(value))),
    };
  }

  /**
   * Outputs that can be produced under their own name: what a node of this graph makes, and no Loop
   * body reads. ONNX Runtime copies what an Identity renames.
   */
  #renamable(outputs: readonly (readonly [name: string, value: Value])[]): Map<Value, Value> {
    const produced = new Set(this.#nodes.flatMap((node) => node.outputs));
    for (const value of this.#nodes.flatMap(valuesCaptured)) produced.delete(value);
    // the first of several names
    return new Map(
      outputs
        .flatMap(([to, from]) => (produced.has(from) ? [[from, to] as const] : []))
        .toReversed(),
    );
  }
}

function contentKey(tensor: Tensor): unknown {
  if (tensor.type === "opaque" || sizeOf(tensor.shape) > DEDUPLICATE_UP_TO) return tensor;
  const { buffer, byteOffset, byteLength } = tensor.data;
  // ten times as fast as numbers written out
  const bytes = Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
  return `${tensor.type}[${tensor.shape.join()}]${bytes}`;
}

function declared(shape: readonly number[]): readonly (number | null)[] {
  return shape.map((length) => (length === OPEN_AXIS ? null : length));
}
