import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Identity: Y = X.
 *
 *     dX = dY
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Identity-16.
 */
export const identityVjp: VjpRule = (context) => movement(context, (dY) => dY);
