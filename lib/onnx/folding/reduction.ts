import { reducedAxes } from "../operators/reduce.ts";
import { filled, sizeOf, toNumbers } from "../tensor.ts";
import { type Kernel, operand, fromNumbers, stridesOf } from "./kernel.ts";

/** How a reduction folds the elements of a group of `count`. */
interface Reduction {
  readonly start: number;
  readonly step: (total: number, x: number) => number;
  readonly finish?: (total: number, count: number) => number;
}

/** Accumulates in float64; integers are exact up to 2^53, far above any product of lengths. */
function reduce({ start, step, finish = (total) => total }: Reduction): Kernel {
  return (call) => {
    const tensor = operand(call, 0);
    const facts = call.inputs.map((constant) => constant && { ...constant, constant });
    const axes = new Set(reducedAxes(call.node, facts));
    const kept = stridesOf(tensor.shape.map((length, axis) => (axes.has(axis) ? 1 : length)));
    const strides = stridesOf(tensor.shape);
    const { shape } = call.outputs[0]!;
    const totals = filled(sizeOf(shape), start);
    const counts = sizeOf(tensor.shape) / Math.max(1, totals.length);
    toNumbers(tensor).forEach((x, i) => {
      let target = 0;
      tensor.shape.forEach((length, axis) => {
        if (!axes.has(axis)) target += (Math.floor(i / strides[axis]!) % length) * kept[axis]!;
      });
      totals[target] = step(totals[target]!, x);
    });
    const results = totals.map((total) => finish(total, counts));
    return [fromNumbers(tensor.type, shape, results)];
  };
}

const sum = (total: number, x: number) => total + x;

export const reductionKernels: Readonly<Record<string, Kernel>> = {
  ReduceSum: reduce({ start: 0, step: sum }),
  ReduceMean: reduce({ start: 0, step: sum, finish: (total, count) => total / count }),
  ReduceProd: reduce({ start: 1, step: (total, x) => total * x }),
  ReduceMax: reduce({ start: -Infinity, step: Math.max }),
  ReduceMin: reduce({ start: Infinity, step: Math.min }),
};
