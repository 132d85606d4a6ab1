import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Negation: Y = -X.
 *
 *     dX = -dY
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Neg-13.
 */
export const negVjp: VjpRule = (context) =>
  oneOutput(context, emitForward(context), (dY) => [context.graph.emit("Neg", [dY])]);
