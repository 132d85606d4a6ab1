import { floatAttribute } from "../../onnx/node.ts";
import { emitForward, oneOutput } from "../forward.ts";
import { exponentialSlope } from "../exponential-slope.ts";
import { arithmetic } from "../arithmetic.ts";
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
  const { mul } = arithmetic(context.graph);
  const a = floatAttribute(context.node, "alpha", 1);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [mul(dY, exponentialSlope(context, a))]);
};
