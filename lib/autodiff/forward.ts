import type { Value } from "../onnx/model.ts";
import type { NodeVjp, VjpContext } from "./rule.ts";

/** Emits the forward node as the network has it; its output. */
export function emitForward({ graph, node, inputs }: VjpContext): Value {
  return graph.emit(node.op, inputs, node.attributes);
}

/**
 * A node with the one output `y`.
 *
 * @param pull cotangents of the leading inputs from dY; those it leaves out (constants such as axes
 *   or bounds) get `null`.
 */
export function oneOutput(
  { inputs }: VjpContext,
  y: Value,
  pull: (dY: Value) => readonly (Value | null)[],
): NodeVjp {
  return {
    outputs: [y],
    pullback: ([dY]) => {
      const cotangents = dY ? pull(dY) : [];
      return inputs.map((_, index) => cotangents[index] ?? null);
    },
  };
}
