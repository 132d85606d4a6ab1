import { floatAttribute } from "../../onnx/node.ts";
import { elementwise } from "../forward.ts";
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
  const { forms, node, mul, sub } = context;
  const a = floatAttribute(node, "alpha", 0.2);
  return {
    ...elementwise(context, (_, y) => mul(a, forms.isPositive(mul(y, sub(1, y))))),
    isRectified: true,
  };
};
