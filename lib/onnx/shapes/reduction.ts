import type { Node } from "../model.ts";
import { intAttribute } from "../node.ts";
import {
  input,
  type Inputs,
  normaliseAxis,
  optionalInts,
  type ShapeFunction,
} from "./shape-function.ts";

/** Axes that a Reduce node sums over: its second input, or all, or none if it says so. */
export function reducedAxes(node: Node, inputs: Inputs): readonly number[] {
  const { shape } = input(node, inputs, 0);
  const given = optionalInts(node, inputs, 1) ?? [];
  if (given.length > 0) return given.map((axis) => normaliseAxis(node, axis, shape.length));
  return intAttribute(node, "noop_with_empty_axes", 0) === 1 ? [] : [...shape.keys()];
}

const reduce: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  return [{ type, shape: withoutAxes(node, shape, reducedAxes(node, inputs)) }];
};

const argument: ShapeFunction = (node, inputs) => {
  const { shape } = input(node, inputs, 0);
  const axis = normaliseAxis(node, intAttribute(node, "axis", 0), shape.length);
  return [{ type: "int64", shape: withoutAxes(node, shape, [axis]) }];
};

function withoutAxes(node: Node, shape: readonly number[], axes: readonly number[]) {
  const keep = intAttribute(node, "keepdims", 1) === 1;
  const ones = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  return keep ? ones : shape.filter((_, axis) => !axes.includes(axis));
}

export const reductionShapes: Readonly<Record<string, ShapeFunction>> = {
  ReduceMean: reduce,
  ReduceSum: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceSumSquare: reduce,
  ReduceLogSum: reduce,
  ReduceLogSumExp: reduce,
  ArgMax: argument,
  ArgMin: argument,
};
