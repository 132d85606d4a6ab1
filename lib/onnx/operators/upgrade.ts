import type { ModelError } from "../errors.ts";
import type { ValueFacts } from "../facts.ts";
import type { Attributes, Node, Value } from "../model.ts";
import { floatAttribute, intsAttribute, nodeError, requiredInput, standardNode } from "../node.ts";
import { floatTensor, intScalar, intsTensor, type Tensor } from "../tensor.ts";
import type { NumbersOfIntegers } from "./integer-grid.ts";

/** What an upgrade may ask for and add. */
export interface Rewriting {
  /** The file's opset, 1 to 26. */
  readonly opset: number;
  /** Adds a constant; its name starts with `hint`. */
  readonly constant: (tensor: Tensor, hint: string) => Value;
  /** What the integers of a quantised network stand for. */
  readonly numbers: NumbersOfIntegers;
  /** A value name not used yet. */
  readonly fresh: (hint: string) => Value;
  /** The tensor of an initializer or a Constant node, passed on by others or not; else `null`. */
  readonly constantOf: (value: Value) => Tensor | null;
  /**
   * Type and shape of a value that nodes before this one produce; `null` if they cannot be told.
   * Lengths that the file leaves open are stand-ins: only the number of axes is to be relied on.
   */
  readonly factsOf: (value: Value) => ValueFacts | null;
}

/** What writing nodes takes. */
export type Naming = Pick<Rewriting, "constant" | "fresh">;

/** A node of the file's opset as nodes of `OPSET` with the same outputs and the same effect. */
export type Upgrade = (node: Node, rewriting: Rewriting) => readonly Node[];

/** For reductions and the like, whose axes became an input at opset `since`. */
export function axesToInput(since: number): Upgrade {
  return (node, rewriting) => {
    if (rewriting.opset >= since) return [node];
    return [withInputs(node, { axes: intsInput(node, rewriting, "axes") })];
  };
}

/** The node with attributes made inputs, which come after its first; "" where there is none. */
export function withInputs(node: Node, values: Readonly<Record<string, Value>>): Node {
  const inputs = [requiredInput(node, 0), ...Object.values(values)];
  const count = inputs.findLastIndex((value) => value !== "") + 1;
  return { ...withoutAttributes(node, ...Object.keys(values)), inputs: inputs.slice(0, count) };
}

/** The ints attribute `name` as a constant, or "" if the node has none. */
export function intsInput(node: Node, { constant }: Rewriting, name: string): Value {
  if (!(name in node.attributes)) return "";
  return constant(intsTensor(intsAttribute(node, name)), `${node.outputs[0]}_${name}`);
}

/**
 * The float attribute `name` as a scalar constant, or "" if the node has none and no `fallback`.
 */
export function floatInput(
  node: Node,
  { constant }: Rewriting,
  name: string,
  fallback?: number,
): Value {
  if (fallback === undefined && !(name in node.attributes)) return "";
  const value = floatAttribute(node, name, fallback);
  return constant(floatTensor([], [value]), `${node.outputs[0]}_${name}`);
}

/** Writes the nodes that one node becomes. Values are named after its first output. */
export class Emitter {
  readonly #node: Node;
  readonly #rewriting: Naming;
  readonly #marks: Pick<Node, "quantised">;
  readonly #nodes: Node[] = [];

  /** @param marks of the nodes written */
  constructor(node: Node, rewriting: Naming, marks: Pick<Node, "quantised"> = {}) {
    this.#node = node;
    this.#rewriting = rewriting;
    this.#marks = marks;
  }

  /** What has been written so far. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Adds a node as it is. */
  add(...nodes: readonly Node[]): void {
    this.#nodes.push(...nodes);
  }

  emit(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    const output = this.#rewriting.fresh(`${this.#node.outputs[0]}_${op}`);
    const node = standardNode({ op, inputs, outputs: [output], attributes });
    this.#nodes.push({ ...node, ...this.#marks });
    return output;
  }

  /** Writes that `output` is another name of a value. */
  pass(value: Value, output: Value): void {
    this.add(standardNode({ op: "Identity", inputs: [value], outputs: [output] }));
  }

  /** Values one after the other along an axis; one alone is the whole. */
  join(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0]! : this.emit("Concat", values, { axis });
  }

  /** So many equal parts of a value along an axis. */
  split(value: Value, count: number, axis: number): readonly Value[] {
    return count === 1 ? [value] : this.#split([value], count, { axis, num_outputs: count });
  }

  /** Parts of these lengths. */
  splitAt(value: Value, lengths: readonly number[], axis: number): readonly Value[] {
    return this.#split([value, this.ints(...lengths)], lengths.length, { axis });
  }

  #split(inputs: readonly Value[], count: number, attributes: Attributes): readonly Value[] {
    const outputs = Array.from({ length: count }, () =>
      this.#rewriting.fresh(`${this.#node.outputs[0]}_Split`),
    );
    const node = standardNode({ op: "Split", inputs, outputs, attributes });
    this.#nodes.push({ ...node, ...this.#marks });
    return outputs;
  }

  scalar(value: number): Value {
    return this.constant(floatTensor([], [value]));
  }

  int(value: number): Value {
    return this.constant(intScalar(value));
  }

  ints(...values: readonly number[]): Value {
    return this.constant(intsTensor(values));
  }

  constant(tensor: Tensor): Value {
    return this.#rewriting.constant(tensor, `${this.#node.outputs[0]}_constant`);
  }

  /** All nodes; the last of them has the name and the output of the node that they replace. */
  ending(op: string, inputs: readonly Value[], attributes?: Attributes): readonly Node[] {
    this.end(op, inputs, attributes);
    return this.#nodes;
  }

  /** Writes the last of them. */
  end(op: string, inputs: readonly Value[], attributes: Attributes = {}): void {
    this.add({ ...this.#node, domain: "", op, inputs, attributes });
  }
}

/** The node with these attributes where it has none of the name. */
export function withDefaults(node: Node, attributes: Attributes): Node {
  return { ...node, attributes: { ...attributes, ...node.attributes } };
}

/** The node without some of its attributes. */
export function withoutAttributes(node: Node, ...names: readonly string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !names.includes(name));
  return { ...node, attributes: Object.fromEntries(kept) };
}

export function notInOpset18(node: Node, what: string): ModelError {
  return nodeError(node, `${what} has no counterpart in opset 18; export the model with opset 18`);
}
