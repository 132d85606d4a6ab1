import type { ValueFacts } from "./facts.ts";
import type { Graph, Node, Value } from "./model.ts";
import { requiredInput, standardNode } from "./node.ts";

/** Nodes that compute what one node does, and the constants they read. */
export interface Expansion {
  readonly nodes: readonly Node[];
  readonly initializers: Graph["initializers"];
}

/**
 * The branch that an If node takes where its condition is known, as PyTorch exports `squeeze` with
 * a test whether the axis has length 1; `null` for any other node, and for a branch whose names are
 * taken.
 */
export function takenBranch(node: Node, facts: ReadonlyMap<Value, ValueFacts>): Expansion | null {
  if (node.op !== "If" || node.domain !== "") return null;
  const condition = facts.get(requiredInput(node, 0))?.constant;
  if (condition?.type !== "bool") return null;
  const holds = condition.data[0] === 1;
  const attribute = node.attributes[holds ? "then_branch" : "else_branch"];
  if (typeof attribute !== "object" || !("graph" in attribute)) return null;
  const { nodes, outputs, initializers } = attribute.graph;
  const own = [...initializers.keys(), ...nodes.flatMap((inner) => inner.outputs)];
  if (outputs.length !== node.outputs.length || own.some((value) => facts.has(value))) return null;
  const results = outputs.map(({ name }, i) => {
    const output = node.outputs[i]!;
    return standardNode({
      op: "Identity",
      name: `${node.name || output}_${name}`,
      inputs: [name],
      outputs: [output],
    });
  });
  return { nodes: [...nodes, ...results], initializers };
}
