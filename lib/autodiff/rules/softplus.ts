import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Smooth rectifier: Y = log(1 + e^X).
 *
 *     dX = dY / (1 + e^-X)
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Softplus-1.
 */
export const softplusVjp: VjpRule = (context) =>
  elementwise(context, (x) => context.graph.emit("Sigmoid", [x]));
