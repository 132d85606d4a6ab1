import type { Node } from "../model.ts";
import { intAttribute } from "../node.ts";
import { axisAttribute, keepDims, normaliseAxis } from "./axes.ts";
import { constantInts, input, type Inputs } from "./inputs.ts";
import type { Infer, Operator } from "./operator.ts";

/** The axes that a Reduce node works over, ascending: its second input, or all, or none if it says so. */
export function reducedAxes(node: Node, inputs: Inputs): readonly number[] {
  const { shape } = input(node, inputs, 0);
  const given = constantInts(node, inputs, 1) ?? [];
  if (given.length === 0) {
    return intAttribute(node, "noop_with_empty_axes", 0) === 1 ? [] : [...shape.keys()];
  }
  return given.map((axis) => normaliseAxis(node, axis, shape.length)).toSorted((a, b) => a - b);
}

const reduce: Infer = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape: withoutAxes(node, shape, reducedAxes(node, inputs)) }];
};

/** ArgMax and ArgMin. */
const argument: Infer = (node, inputs) => {
  const { shape } = input(node, inputs, 0);
  return [
    { type: "int64", shape: withoutAxes(node, shape, [axisAttribute(node, shape.length, 0)]) },
  ];
};

function withoutAxes(node: Node, shape: readonly number[], axes: readonly number[]) {
  if (intAttribute(node, "keepdims", 1) === 1) return keepDims(shape, axes);
  return shape.filter((_, axis) => !axes.includes(axis));
}

export const reductions: Readonly<Record<string, Operator>> = {
  ReduceMean: { infer: reduce },
  ReduceSum: { infer: reduce },
  ReduceMax: { infer: reduce },
  ReduceMin: { infer: reduce },
  ReduceProd: { infer: reduce },
  ReduceL1: { infer: reduce },
  ReduceL2: { infer: reduce },
  ReduceSumSquare: { infer: reduce },
  ReduceLogSum: { infer: reduce },
  ReduceLogSumExp: { infer: reduce },
  ArgMax: { infer: argument },
  ArgMin: { infer: argument },
};
