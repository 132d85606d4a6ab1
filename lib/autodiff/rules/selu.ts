import { parseSelu } from "../../onnx/operators/elementwise.ts";
import { exponentialSlope } from "../exponential-slope.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Scaled exponential linear unit: Y = g X where X > 0, else g a (e^X - 1).
 *
 *     dX = g dY where X > 0, else g dY a e^X
 *
 * X, Y: any shape. The slope at X = 0 is g a, as in PyTorch.
 *
 * Source: ONNX operator Selu-6.
 */
export const seluVjp: VjpRule = (context) => {
  const { node, mul } = context;
  const { alpha: a, gamma: g } = parseSelu(node);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [mul(mul(dY, g), exponentialSlope(context, a))]);
};
