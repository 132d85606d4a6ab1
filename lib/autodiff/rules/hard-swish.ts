import { float } from "../../onnx/model.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Piecewise quadratic swish: Y = X H, H = min(max(X / 6 + 1/2, 0), 1).
 *
 *     dX = dY (H + X / 6 [0 < H < 1])
 *
 * X, Y: any shape. At X = -3 and X = 3 the outer piece's slope (0 and 1) is taken. Emitted as its
 * definition, so that H is computed once.
 *
 * Source: ONNX operator HardSwish-14.
 */
export const hardSwishVjp: VjpRule = (context) => {
  const { graph, forms, input, add, mul, sub } = context;
  const x = input(0);
  const h = graph.emit("HardSigmoid", [x], { alpha: float(1 / 6), beta: float(0.5) });
  const y = mul(x, h);
  const isSloped = () => forms.isPositive(mul(h, sub(1, h)));
  return oneOutput(context, y, (dY) => [mul(dY, add(h, mul(mul(x, 1 / 6), isSloped())))]);
};
