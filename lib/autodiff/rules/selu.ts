import { floatAttribute } from "../../onnx/node.ts";
import { exponentialSlope } from "../exponential-slope.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/** ONNX's defaults, with which activations keep mean 0 and variance 1. */
const ALPHA = 1.67326319217681884765625;
const GAMMA = 1.05070102214813232421875;

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
  const a = floatAttribute(node, "alpha", ALPHA);
  const g = floatAttribute(node, "gamma", GAMMA);
  const y = emitForward(context);
  return oneOutput(context, y, (dY) => [mul(mul(dY, g), exponentialSlope(context, a))]);
};
