import { elementTypeOf } from "../../onnx/element-type.ts";
import { intAttribute } from "../../onnx/node.ts";
import { UnsupportedGradientError } from "../errors.ts";
import { emitForward, movement, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Conversion between floating-point types, to one that is named (Cast) or another value's
 * (CastLike): Y = X, since every float is float32 here.
 *
 *     dX = dY
 *
 * X, Y: any shape. The value whose type is taken does not matter otherwise: if X is a constant,
 * then so is Y.
 *
 * Source: ONNX operators Cast-13 and CastLike-15.
 *
 * @throws UnsupportedGradientError for a conversion to integers or booleans, whose gradient is
 *   zero.
 */
export const castVjp: VjpRule = (context) => {
  const { graph, node, input, facts, isActive } = context;
  const x = input(0);
  const to = node.op === "Cast" ? intAttribute(node, "to") : null;
  const type = to === null ? graph.factsOf(input(1)).type : elementTypeOf(to);
  if (!isActive(0)) {
    const y = type === facts[0]?.type ? graph.emit("Identity", [x]) : emitForward(context);
    return { ...oneOutput(context, y, () => []), isConstant: true };
  }
  if (type !== "float32") {
    throw new UnsupportedGradientError(
      node,
      `it converts to ${to === null ? type : `ONNX type ${to}`}, which is not floating-point`,
      "choose a layer before it",
    );
  }
  return movement(context, (dY) => dY, graph.emit("Identity", [x]));
};
