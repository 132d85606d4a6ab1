import type { Node, Value } from "../model.ts";
import type { Tensor } from "../tensor.ts";

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

/** The node without some of its attributes. */
export function withoutAttributes(node: Node, ...names: readonly string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !names.includes(name));
  return { ...node, attributes: Object.fromEntries(kept) };
}

/** A standard node; `name` is what messages and the layer table call it. */
export function makeNode(
  name: string,
  op: string,
  inputs: readonly Value[],
  outputs: readonly Value[],
  attributes: Node["attributes"] = {},
): Node {
  return { op, name, domain: "", inputs, outputs, attributes };
}
