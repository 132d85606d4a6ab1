import { floatAttribute } from "../../onnx/node.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Continuously differentiable exponential linear unit: Y = X where X > 0, else a (e^(X / a) - 1).
 *
 *     dX = dY where X > 0, else dY e^(X / a)
 *
 * X, Y: any shape. Emitted as a Elu(X / a): Celu has no CUDA kernel.
 *
 * Source: ONNX operator Celu-12.
 */
export const celuVjp: VjpRule = (context) => {
  const { graph, node, input, div, mul } = context;
  const x = input(0);
  const a = floatAttribute(node, "alpha", 1);
  const z = div(x, a);
  const slope = () => graph.emit("Exp", [graph.emit("Min", [z, graph.scalar(0)])]);
  return oneOutput(context, mul(a, graph.emit("Elu", [z])), (dY) => [mul(dY, slope())]);
};
