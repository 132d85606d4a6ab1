import type { Node, Value } from "../../onnx/model.ts";

/**
 * Operator set of marked nodes. They compute what the standard operator of their name computes, but
 * their gradient rule is one of `MARKED_RULES`, since their neighbours allow or ask for another
 * form.
 */
export const MARKED_DOMAIN = "dreamgrid";

export function marked(node: Node): Node {
  return { ...node, domain: MARKED_DOMAIN };
}

/** Nodes that read each value, each node once. */
export function readersByValue(nodes: readonly Node[]): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const list = readers.get(value);
      if (list) list.push(node);
      else readers.set(value, [node]);
    }
  }
  return readers;
}
