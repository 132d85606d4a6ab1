import type { Node, Value } from "../../onnx/model.ts";
import { isStandard } from "../../onnx/readers.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Every ReLU, with a way back that leads out of where it is flat:
 *
 *     dX = dY where Y > 0 or dY > 0, else 0
 *
 * Where Y is zero no small change of X has any effect, so the true gradient is zero; but if a
 * larger Y is asked for, a larger X is the way to it. No gradient of anything: for the first steps
 * of an ascent alone, from where all of the true one is zero.
 *
 * Source: `redirected_relu_grad` in Lucid's misc/redirected_relu_grad.py.
 */
export function redirectedRelus(nodes: readonly Node[]): ReadonlyMap<Node, VjpRule> {
  const relus = nodes.filter((node) => isStandard(node, "Relu"));
  return new Map(relus.map((node) => [node, redirectedReluVjp]));
}

const redirectedReluVjp: VjpRule = (context) => {
  const { forms, graph, mul } = context;
  const y = emitForward(context);
  const isOpen = (dY: Value) => graph.emit("Max", [forms.isPositive(y), forms.isPositive(dY)]);
  return oneOutput(context, y, (dY) => [mul(dY, isOpen(dY))]);
};
