import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode, intAttribute } from "../node.ts";
import {
  filled,
  formatShape,
  input,
  type Inputs,
  mismatch,
  normaliseAxis,
  optionalInts,
  requiredInts,
  type ShapeFunction,
} from "./shape-function.ts";

const concat: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = normaliseAxis(node, intAttribute(node, "axis"), shape.length);
  let length = 0;
  inputs.forEach((_, index) => {
    const other = input(node, inputs, index);
    const fits =
      other.shape.length === shape.length &&
      other.shape.every((size, i) => i === axis || size === shape[i]);
    if (!fits) {
      throw mismatch(
        node,
        `${formatShape(shape)} and ${formatShape(other.shape)} differ beside axis ${axis}`,
      );
    }
    if (other.type !== type) {
      throw new ModelError(`${describeNode(node)}: inputs have types ${type} and ${other.type}`);
    }
    length += other.shape[axis]!;
  });
  return [{ type, shape: shape.with(axis, length) }];
};

/** Axis and lengths of a Split: given sizes, or equal parts of which the last may be shorter. */
export function splitParts(node: Node, inputs: Inputs): { axis: number; sizes: readonly number[] } {
  const { shape } = input(node, inputs, 0);
  const axis = normaliseAxis(node, intAttribute(node, "axis", 0), shape.length);
  const length = shape[axis]!;
  const given = optionalInts(node, inputs, 1);
  if (given) {
    if (given.reduce((sum, size) => sum + size, 0) !== length) {
      throw mismatch(node, `parts ${formatShape(given)} do not add up to axis length ${length}`);
    }
    return { axis, sizes: given };
  }
  const count = intAttribute(node, "num_outputs", node.outputs.length);
  const part = Math.ceil(length / count);
  const last = length - part * (count - 1);
  if (last < 1) throw mismatch(node, `${count} parts of an axis of length ${length}`);
  return { axis, sizes: Array.from({ length: count }, (_, i) => (i < count - 1 ? part : last)) };
}

const split: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const { axis, sizes } = splitParts(node, inputs);
  return sizes.map((size) => ({ type, shape: shape.with(axis, size) }));
};

/** The elements `start`, `start + step`, ... of an axis, `count` of them. */
export interface AxisRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * What a Slice node keeps of each axis.
 *
 * Starts and ends count from the end where negative, then are clamped to the axis; a negative step
 * goes backwards and may end before element 0. Source: ONNX operator Slice-13.
 */
export function sliceRanges(node: Node, inputs: Inputs): readonly AxisRange[] {
  const { shape } = input(node, inputs, 0);
  const starts = requiredInts(node, inputs, 1);
  const ends = requiredInts(node, inputs, 2);
  const axes = optionalInts(node, inputs, 3) ?? [...starts.keys()];
  const steps = optionalInts(node, inputs, 4) ?? starts.map(() => 1);
  if (new Set([starts.length, ends.length, axes.length, steps.length]).size !== 1) {
    throw mismatch(node, "starts, ends, axes and steps differ in length");
  }
  const ranges = shape.map((length): AxisRange => ({ start: 0, step: 1, count: length }));
  axes.forEach((given, i) => {
    const axis = normaliseAxis(node, given, shape.length);
    const length = shape[axis]!;
    const step = steps[i]!;
    if (step === 0) throw mismatch(node, `step 0 on axis ${axis}`);
    const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
    const place = (index: number) =>
      Math.min(highest, Math.max(lowest, index < 0 ? index + length : index));
    const start = Math.max(0, place(starts[i]!));
    const end = place(ends[i]!);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

const slice: ShapeFunction = (node, inputs) => [
  {
    type: input(node, inputs, 0).type,
    shape: sliceRanges(node, inputs).map(({ count }) => count),
  },
];

/** Cells added (or, negative, taken away) before and after each axis of a Pad node's input. */
export function padding(
  node: Node,
  inputs: Inputs,
): { readonly begin: readonly number[]; readonly end: readonly number[] } {
  const { shape } = input(node, inputs, 0);
  const rank = shape.length;
  const pads = requiredInts(node, inputs, 1);
  const given = optionalInts(node, inputs, 3);
  const axes = given ? given.map((axis) => normaliseAxis(node, axis, rank)) : [...shape.keys()];
  if (pads.length !== 2 * axes.length) {
    throw mismatch(node, `pads ${formatShape(pads)} must hold two numbers for each axis padded`);
  }
  const begin = filled(rank, 0);
  const end = filled(rank, 0);
  axes.forEach((axis, i) => {
    begin[axis] = pads[i]!;
    end[axis] = pads[i + axes.length]!;
  });
  return { begin, end };
}

const pad: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const { begin, end } = padding(node, inputs);
  const padded = shape.map((length, axis) => length + begin[axis]! + end[axis]!);
  if (padded.some((length) => length < 0)) {
    throw mismatch(node, `the padding takes away more than there is of ${formatShape(shape)}`);
  }
  return [{ type, shape: padded }];
};

const gather: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const axis = normaliseAxis(node, intAttribute(node, "axis", 0), shape.length);
  const indices = input(node, inputs, 1).shape;
  return [{ type, shape: [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)] }];
};

const gatherElements: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const indices = input(node, inputs, 1).shape;
  normaliseAxis(node, intAttribute(node, "axis", 0), shape.length);
  if (indices.length !== shape.length) {
    throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
  }
  return [{ type, shape: indices }];
};

const gatherND: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  const indices = input(node, inputs, 1).shape;
  const batch = intAttribute(node, "batch_dims", 0);
  const depth = indices.at(-1);
  if (depth === undefined || batch + depth > shape.length) {
    throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
  }
  return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(batch + depth)] }];
};

const scatter: ShapeFunction = (node, inputs) => {
  const { type, shape } = input(node, inputs, 0);
  input(node, inputs, 1);
  input(node, inputs, 2);
  return [{ type, shape }];
};

export const selectionShapes: Readonly<Record<string, ShapeFunction>> = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatter,
  ScatterND: scatter,
};
