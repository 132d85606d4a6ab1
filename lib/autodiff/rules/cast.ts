import { elementTypeOf } from "../../onnx/element-type.ts";
import { intAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Conversion between floating-point types: Y = X, since every float is float32 here.
 *
 *     dX = dY
 *
 * X, Y: any shape.
 *
 * Source: ONNX operator Cast-13.
 *
 * @throws UnsupportedGradientError for a conversion to integers or booleans, whose gradient is
 *   zero.
 */
export const castVjp: VjpRule = (context) => {
  const { graph, node, input } = context;
  const x = input(0);
  const to = intAttribute(node, "to");
  if (elementTypeOf(to) !== "float32") {
    throw new UnsupportedGradientError(
      node,
      `it converts to ONNX type ${to}, which is not floating-point`,
      "choose a layer before it",
    );
  }
  return {
    ...oneOutput(context, graph.emit("Identity", [x]), (dY) => [dY]),
    isRectified: context.isRectified(0),
  };
};
