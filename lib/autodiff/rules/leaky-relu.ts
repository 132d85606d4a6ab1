import { floatAttribute } from "../../onnx/node.ts";
import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Leaky rectifier: Y = X where X > 0, else a X.
 *
 *     dX = dY (a + (1 - a) [X > 0])
 *
 * X, Y: any shape. The slope at X = 0 is a, as in PyTorch.
 *
 * Source: ONNX operator LeakyRelu-16.
 */
export const leakyReluVjp: VjpRule = (context) => {
  const { forms, node, add, mul } = context;
  const a = floatAttribute(node, "alpha", 0.01);
  return elementwise(context, (x) => add(a, mul(1 - a, forms.isPositive(x))));
};
