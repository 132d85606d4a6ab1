import type { Value } from "../../onnx/model.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Softmax along one axis: Y = e^X / sum of e^X.
 *
 *     dX = Y (dY - sum of dY Y)
 *
 * X, Y: any shape; sums over `axis`, kept with length 1. Y is zero only by underflow, where dX is
 * zero too: rectified.
 *
 * Source: ONNX operator Softmax-13.
 */
export const softmaxVjp: VjpRule = (context) => {
  const { graph, node, mul, sub } = context;
  const y = emitForward(context);
  const axes = graph.ints([axisAttribute(node, graph.shapeOf(y).length, -1)]);
  const pull = (dY: Value) => {
    const common = graph.emit("ReduceSum", [mul(dY, y), axes], { keepdims: 1 });
    return [mul(y, sub(dY, common))];
  };
  return { ...oneOutput(context, y, pull), isRectified: true };
};
