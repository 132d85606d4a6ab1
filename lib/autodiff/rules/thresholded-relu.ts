import { floatAttribute } from "../../onnx/node.ts";
import { elementwise } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Rectifier with a threshold: Y = X where X > a, else 0.
 *
 *     dX = dY where X > a, else 0
 *
 * X, Y: any shape. With a >= 0 the output is rectified.
 *
 * Source: ONNX operator ThresholdedRelu-10.
 */
export const thresholdedReluVjp: VjpRule = (context) => {
  const { graph, forms, node } = context;
  const a = floatAttribute(node, "alpha", 1);
  return {
    ...elementwise(context, (x) => forms.isGreater(x, graph.scalar(a))),
    isRectified: a >= 0,
  };
};
