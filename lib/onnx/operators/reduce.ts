import type { Node } from "../model.ts";
import { intAttribute } from "../node.ts";
import { filled, sizeOf, toNumbers } from "../tensor.ts";
import { axisAttribute, keepDims, normaliseAxis } from "./axes.ts";
import { fromNumbers, stridesOf } from "./elements.ts";
import { constantInts, input, type Inputs, ofInputType, operand } from "./inputs.ts";
import type { Fold, Infer, Operator, Operators } from "./operator.ts";
import { axesToInput, Emitter } from "./upgrade.ts";

/**
 * The axes that a Reduce node works over, ascending: its second input, or all, or none if it says
 * so. A global pool works over all axes after N and C.
 */
export function reducedAxes(node: Node, inputs: Inputs): readonly number[] {
  const { shape } = input(node, inputs, 0);
  if (node.op.startsWith("Global")) return [...shape.keys()].slice(2);
  const given = constantInts(node, inputs, 1) ?? [];
  if (given.length === 0) {
    return intAttribute(node, "noop_with_empty_axes", 0) === 1 ? [] : [...shape.keys()];
  }
  return given.map((axis) => normaliseAxis(node, axis, shape.length)).toSorted((a, b) => a - b);
}

const reduce = ofInputType((node, inputs, shape) =>
  withoutAxes(node, shape, reducedAxes(node, inputs)),
);

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

/** How a reduction folds the elements of a group. */
interface Reduction {
  readonly start: number;
  readonly step: (total: number, x: number) => number;
}

/** Accumulates in float64; integers are exact up to 2^53, far above any product of lengths. */
function folding({ start, step }: Reduction): Fold {
  return (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const axes = new Set(reducedAxes(node, inputs));
    const kept = stridesOf(keepDims(tensor.shape, [...axes]));
    const strides = stridesOf(tensor.shape);
    const { shape } = output!;
    const totals = filled(sizeOf(shape), start);
    toNumbers(tensor).forEach((x, i) => {
      let target = 0;
      tensor.shape.forEach((length, axis) => {
        if (!axes.has(axis)) target += (Math.floor(i / strides[axis]!) % length) * kept[axis]!;
      });
      totals[target] = step(totals[target]!, x);
    });
    return [fromNumbers(tensor.type, shape, totals)];
  };
}

/** The sum over the number of elements; integers divide towards zero. */
const averaged: Fold = (node, inputs, outputs) => {
  const count = sizeOf(operand(node, inputs, 0).shape) / sizeOf(outputs[0]!.shape);
  const [total] = folding({ start: 0, step: (sum, x) => sum + x })(node, inputs, outputs);
  const { type, shape } = total!;
  const means = toNumbers(total!).map((sum) => sum / count);
  return [fromNumbers(type, shape, means)];
};

/** Lengths alone: what is made of weights is ONNX Runtime's, whose sums round otherwise. */
function onIntegers(fold: Fold): Fold {
  return (node, inputs, outputs) =>
    outputs[0]!.type === "float32" ? [] : fold(node, inputs, outputs);
}

function reduction(axesAreInputSince: number, reducing?: Reduction): Operator {
  const upgrade = axesToInput(axesAreInputSince);
  return { infer: reduce, ...(reducing && { fold: folding(reducing) }), upgrade };
}

/** Operators that make one number of the elements along some axes. */
export const reductions: Operators = {
  ReduceSum: reduction(13, { start: 0, step: (total, x) => total + x }),
  ReduceProd: reduction(18, { start: 1, step: (total, x) => total * x }),
  ReduceMax: reduction(18, { start: -Infinity, step: Math.max }),
  ReduceMin: reduction(18, { start: Infinity, step: Math.min }),
  ReduceMean: { ...reduction(18), fold: onIntegers(averaged) },
  ReduceL1: reduction(18),
  ReduceL2: reduction(18),
  ReduceSumSquare: reduction(18),
  ReduceLogSum: {
    ...reduction(18),
    upgrade: (node, rewriting) => {
      const emitter = new Emitter(node, rewriting);
      const [{ inputs, attributes } = node] = axesToInput(18)(node, rewriting);
      return emitter.ending("Log", [emitter.emit("ReduceSum", inputs, attributes)]);
    },
  },
  ReduceLogSumExp: reduction(18),
  ArgMax: { infer: argument },
  ArgMin: { infer: argument },
};
