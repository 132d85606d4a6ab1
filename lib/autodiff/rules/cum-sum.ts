import { intAttribute } from "../../onnx/node.ts";
import { movement } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Running sums along one axis: Y[i] = sum of X[j] over j <= i; j < i where exclusive, from the end
 * where reverse. What an element was added to lies on its other side:
 *
 *     dX = CumSum(dY), from the other end
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator CumSum-14.
 */
export const cumSumVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const exclusive = intAttribute(node, "exclusive", 0);
  const reverse = 1 - intAttribute(node, "reverse", 0);
  return movement(context, (dY) => graph.emit("CumSum", [dY, input(1)], { exclusive, reverse }));
};
