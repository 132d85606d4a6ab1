import { floatAttribute } from "../../onnx/node.ts";
import { elementwise } from "../forward.ts";
import { exponentialSlope } from "../exponential-slope.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Exponential linear unit: Y = X where X > 0, else a (e^X - 1).
 *
 *     dX = dY where X > 0, else dY a e^X
 *
 * X, Y: any shape. The slope at X = 0 is a, as in PyTorch.
 *
 * Source: ONNX operator Elu-6.
 */
export const eluVjp: VjpRule = (context) => {
  const a = floatAttribute(context.node, "alpha", 1);
  return elementwise(context, () => exponentialSlope(context, a));
};
