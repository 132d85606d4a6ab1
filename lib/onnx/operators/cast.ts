import { DataType, elementTypeOf } from "../element-type.ts";
import { intAttribute } from "../node.ts";
import { toNumbers } from "../tensor.ts";
import { fromNumbers } from "./elements.ts";
import { input, operand } from "./inputs.ts";
import type { Fold, Operator } from "./operator.ts";
import { withoutAttributes } from "./upgrade.ts";

/** Towards zero from float to integer, wrapping from int64 to int32, non-zero to true. */
const fold: Fold = (node, inputs, [output]) => {
  const tensor = operand(node, inputs, 0);
  const { type } = output!;
  return [type === tensor.type ? tensor : fromNumbers(type, tensor.shape, toNumbers(tensor))];
};

export const cast: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    return [{ type: elementTypeOf(intAttribute(node, "to")), shape }];
  },
  fold,
  // every floating-point type is float32 here: a half-precision export computes in float32
  upgrade: (node) => {
    const to = intAttribute(node, "to");
    const held = elementTypeOf(to) === "float32" ? DataType.float : to;
    return [{ ...node, attributes: { to: held } }];
  },
};

/** To the type of the second input. */
export const castLike: Operator = {
  infer: (node, inputs) => {
    const { type } = input(node, inputs, 1);
    return [{ type, shape: input(node, inputs, 0).shape }];
  },
  fold,
  upgrade: (node) => [withoutAttributes(node, "saturate")],
};
