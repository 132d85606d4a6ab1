import { input } from "./inputs.ts";
import type { Operator } from "./operator.ts";

/** X with some elements replaced: ScatterElements and ScatterND. */
export const scatter: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    input(node, inputs, 1);
    input(node, inputs, 2);
    return [{ type, shape }];
  },
};

/** Renamed at opset 11. */
export const scatterBefore11: Operator = {
  upgrade: (node) => [{ ...node, op: "ScatterElements" }],
};
