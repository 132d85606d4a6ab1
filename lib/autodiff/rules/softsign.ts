import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Softsign: Y = X / D, D = 1 + |X|.
 *
 *     dX = dY / D^2
 *
 * X, Y: any shape. Emitted as its definition, so that D is computed once.
 *
 * Source: ONNX operator Softsign-1.
 */
export const softsignVjp: VjpRule = (context) => {
  const { graph, input, add, div, mul } = context;
  const x = input(0);
  const d = add(1, graph.emit("Abs", [x]));
  return oneOutput(context, div(x, d), (dY) => [div(dY, mul(d, d))]);
};
