import { elementTypeOf } from "../element-type.ts";
import { intAttribute } from "../node.ts";
import { input } from "./inputs.ts";
import type { Operator } from "./operator.ts";

export const cast: Operator = {
  infer: (node, inputs) => {
    const { shape } = input(node, inputs, 0);
    return [{ type: elementTypeOf(intAttribute(node, "to")), shape }];
  },
};

/** To the type of the second input. */
export const castLike: Operator = {
  infer: (node, inputs) => {
    const { type } = input(node, inputs, 1);
    return [{ type, shape: input(node, inputs, 0).shape }];
  },
};
