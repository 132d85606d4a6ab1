import { elementTypeOf } from "../../onnx/element-type.ts";
import { intAttribute } from "../../onnx/node.ts";
import { emitForward, movement, oneOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Conversion to a type that is named (Cast) or another value's (CastLike): Y = X between
 * floating-point types, since every float is float32 here.
 *
 *     dX = dY, or 0 where Y is of integers or booleans
 *
 * X, Y: any shape. Integers and booleans are steps, as of Floor and Greater: constant. The value
 * whose type is taken does not matter otherwise: if X is a constant, then so is Y.
 *
 * Source: ONNX operators Cast-13 and CastLike-15.
 */
export const castVjp: VjpRule = (context) => {
  const { graph, node, input, facts, isActive } = context;
  const x = input(0);
  const type =
    node.op === "Cast" ? elementTypeOf(intAttribute(node, "to")) : graph.factsOf(input(1)).type;
  const y = type === facts[0]?.type ? graph.emit("Identity", [x]) : emitForward(context);
  if (type !== "float32" || !isActive(0)) {
    return { ...oneOutput(context, y, () => []), isConstant: true };
  }
  return movement(context, (dY) => dY, y);
};
