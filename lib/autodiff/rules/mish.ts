import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Mish: Y = X T, T = tanh(log(1 + e^X)).
 *
 *     dX = dY (T + X (1 - T^2) / (1 + e^-X))
 *
 * X, Y: any shape. Emitted as its definition, so that T is computed once; Mish has no CUDA kernel.
 *
 * Source: ONNX operator Mish-18.
 */
export const mishVjp: VjpRule = (context) => {
  const { graph, input, add, mul, sub } = context;
  const x = input(0);
  const t = graph.emit("Tanh", [graph.emit("Softplus", [x])]);
  const bend = () => mul(mul(x, sub(1, mul(t, t))), graph.emit("Sigmoid", [x]));
  return oneOutput(context, mul(x, t), (dY) => [mul(dY, add(t, bend()))]);
};
