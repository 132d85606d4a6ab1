import type { Node, Value } from "./model.ts";

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

/** The node that makes each value. */
export function producersByValue(nodes: readonly Node[]): ReadonlyMap<Value, Node> {
  return new Map(nodes.flatMap((node) => node.outputs.map((value) => [value, node])));
}

/** Whether the node is this operator of standard ONNX, not one of its name from another domain. */
export function isStandard(node: Node | undefined, op: string): node is Node {
  return node?.op === op && node.domain === "";
}
