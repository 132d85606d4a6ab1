import { floatAttribute } from "../../onnx/node.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Piecewise linear sigmoid: Y = min(max(a X + b, 0), 1).
 *
 *     dX = a dY where 0 < Y < 1, else 0
 *
 * X, Y: any shape. The subgradient at both corners is 0, as in PyTorch; the output is rectified.
 *
 * Source: ONNX operator HardSigmoid-6.
 */
export const hardSigmoidVjp: VjpRule = (context) => {
  const { graph, forms, node } = context;
  const { mul, sub } = arithmetic(graph);
  const a = floatAttribute(node, "alpha", 0.2);
  const y = emitForward(context);
  const isSloped = () => forms.isPositive(mul(y, sub(1, y)));
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, mul(a, isSloped()))]),
    isRectified: true,
  };
};
