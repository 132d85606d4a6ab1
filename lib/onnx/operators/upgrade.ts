import { ModelError } from "../errors.ts";
import type { Node, Value } from "../model.ts";
import { describeNode, floatAttribute, intsAttribute, requiredInput } from "../node.ts";
import { floatTensor, intsTensor, type Tensor } from "../tensor.ts";

/** What an upgrade may ask for and add. */
export interface Rewriting {
  /** The file's opset, 7 to 21. */
  readonly opset: number;
  /** Adds a constant; its name starts with `hint`. */
  readonly constant: (tensor: Tensor, hint: string) => Value;
  /** A value name not used yet. */
  readonly fresh: (hint: string) => Value;
  /** The tensor of an initializer or Constant node, else `null`. */
  readonly constantOf: (value: Value) => Tensor | null;
  /** Number of axes of a value that nodes before this one produce; `null` if it cannot be told. */
  readonly rankOf: (value: Value) => number | null;
}

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

/** The node without some of its attributes. */
export function withoutAttributes(node: Node, ...names: readonly string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !names.includes(name));
  return { ...node, attributes: Object.fromEntries(kept) };
}

export function notInOpset18(node: Node, what: string): ModelError {
  return new ModelError(
    `${describeNode(node)}: ${what} has no counterpart in opset 18; export the model with opset 18`,
  );
}
