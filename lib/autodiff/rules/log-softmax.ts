import { axisAttribute } from "../../onnx/operators/axes.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Logarithm of softmax along one axis: Y = X - log(sum of e^X).
 *
 *     dX = dY - e^Y (sum of dY)
 *
 * X, Y: any shape; sums over `axis`, kept with length 1.
 *
 * Source: ONNX operator LogSoftmax-13.
 */
export const logSoftmaxVjp: VjpRule = (context) => {
  const { graph, node, mul, sub } = context;
  const y = emitForward(context);
  const axes = graph.ints([axisAttribute(node, graph.shapeOf(y).length, -1)]);
  return oneOutput(context, y, (dY) => {
    const total = graph.emit("ReduceSum", [dY, axes], { keepdims: 1 });
    return [sub(dY, mul(graph.emit("Exp", [y]), total))];
  });
};
