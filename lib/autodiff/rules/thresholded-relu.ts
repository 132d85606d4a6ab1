import { floatAttribute } from "../../onnx/node.ts";
import { arithmetic } from "../arithmetic.ts";
import { emitForward, oneOutput } from "../forward.ts";
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
  const { graph, forms, node, input } = context;
  const { mul } = arithmetic(graph);
  const x = input(0);
  const a = floatAttribute(node, "alpha", 1);
  const y = emitForward(context);
  return {
    ...oneOutput(context, y, (dY) => [mul(dY, forms.isGreater(x, graph.scalar(a)))]),
    isRectified: a >= 0,
  };
};
