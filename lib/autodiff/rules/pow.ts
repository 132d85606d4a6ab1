import { sizeOf } from "../../onnx/tensor.ts";
import { requireConstant } from "../constant-inputs.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import { power } from "../power.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Power with a constant exponent: Y = X^c.
 *
 *     dX = dY c X^(c - 1)
 *
 * X, Y: any shape; c: one number. Infinite at X = 0 for 0 < c < 1, as in PyTorch; Y is the constant 1 for c = 0.
 *
 * Emitted as products and roots or as exp(c log X), never as Pow, the slowest operator of the CPU.
 *
 * Source: ONNX operator Pow-15.
 *
 * @throws UnsupportedGradientError if c is computed from the image or differs between elements.
 */
export const powVjp: VjpRule = (context) => {
  const { graph, node, input, mul } = context;
  const [x, exponent] = [input(0), input(1)];
  const [c = 1, ...others] = requireConstant(context, 1, "the exponent");
  const shape = graph.shapeOf(exponent);
  if (others.length > 0 || shape.length > graph.shapeOf(x).length) {
    throw new UnsupportedGradientError(
      node,
      `the exponent has shape [${shape.join(", ")}] (${sizeOf(shape)} numbers)`,
      "only one exponent for all elements is supported",
    );
  }
  const raised = power(context, x, c);
  const y = raised === x ? graph.emit("Identity", [x]) : raised;
  return {
    ...oneOutput(context, y, (dY) => [c === 0 ? null : mul(dY, mul(c, power(context, x, c - 1)))]),
    isConstant: c === 0,
  };
};
