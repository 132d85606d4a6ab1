import { intsAttribute } from "../../onnx/node.ts";
import { emitForward, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Permutation of axes: axis i of Y is axis perm[i] of X.
 *
 *     dX = dY transposed by the inverse permutation
 *
 * X, Y: any rank; without `perm` the axes are reversed.
 *
 * Source: ONNX operator Transpose-13.
 */
export const transposeVjp: VjpRule = (context) => {
  const { graph, node, inputs } = context;
  const [x = ""] = inputs;
  const reversed = graph.shapeOf(x).map((_, axis, shape) => shape.length - 1 - axis);
  const perm = intsAttribute(node, "perm", reversed);
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  const pull = (dY: string) => [graph.emit("Transpose", [dY], { perm: inverse })];
  return {
    ...oneOutput(context, emitForward(context), pull),
    isRectified: context.isRectified(0),
  };
};
