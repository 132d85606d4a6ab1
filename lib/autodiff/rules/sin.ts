import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Sine: Y = sin X.
 *
 *     dX = dY cos X
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Sin-7.
 */
export const sinVjp: VjpRule = (context) =>
  elementwise(context, (x) => context.graph.emit("Cos", [x]));
