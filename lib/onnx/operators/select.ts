import type { Node } from "../model.ts";
import { intAttribute, mismatch, stringAttribute } from "../node.ts";
import {
  formatShape,
  intsTensor,
  numbersIn,
  type NumericTensor,
  sizeOf,
  toNumbers,
} from "../tensor.ts";
import { axisAttribute, normaliseAxis, normaliseIndex } from "./axes.ts";
import { countTo, fromElements, pick, view } from "./elements.ts";
import { constantInts, input, type Inputs, ofInputType, operand, requiredInts } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import { type Indices, placesOfTuples } from "./places.ts";
import { intsInput, notInOpset18, withInputs, withoutAttributes } from "./upgrade.ts";

/** The elements `start`, `start + step`, ... of an axis, `count` of them. */
export interface AxisRange {
  readonly start: number;
  /** Negative: backwards. */
  readonly step: number;
  readonly count: number;
}

/**
 * What a Slice node keeps of each axis of its input.
 *
 * Starts and ends count from the end where negative, then are clamped to the axis; a negative step
 * goes backwards and may end before element 0. Source: ONNX operator Slice-13.
 */
export function sliceRanges(node: Node, inputs: Inputs): readonly AxisRange[] {
  const { shape } = input(node, inputs, 0);
  const starts = requiredInts(node, inputs, 1);
  const ends = requiredInts(node, inputs, 2);
  const axes = constantInts(node, inputs, 3) ?? [...starts.keys()];
  const steps = constantInts(node, inputs, 4) ?? starts.map(() => 1);
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

const slice: Operator = {
  infer: ofInputType((node, inputs) => sliceRanges(node, inputs).map(({ count }) => count)),
  fold: (node, inputs) => {
    const indices = sliceRanges(node, inputs).map(({ start, step, count }) =>
      countTo(count).map((i) => start + i * step),
    );
    return [pick(operand(node, inputs, 0), indices)];
  },
  // attributes until opset 10
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 10) return [node];
    const list = (name: string) => intsInput(node, rewriting, name);
    return [withInputs(node, { starts: list("starts"), ends: list("ends"), axes: list("axes") })];
  },
};

/**
 * The axis that a Split node cuts and the lengths of its parts: given sizes, or equal parts of
 * which the last may be shorter. Source: ONNX operator Split-18.
 *
 * @throws ShapeMismatchError if the parts do not add up to the axis.
 */
export function parseSplit(node: Node, inputs: Inputs) {
  const { shape } = input(node, inputs, 0);
  const axis = axisAttribute(node, shape.length, 0);
  const length = shape[axis]!;
  const given = constantInts(node, inputs, 1);
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
  if (count !== node.outputs.length) {
    throw mismatch(node, `num_outputs is ${count}, its outputs are ${node.outputs.length}`);
  }
  return { axis, sizes: Array.from({ length: count }, (_, i) => (i < count - 1 ? part : last)) };
}

const split: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const { axis, sizes } = parseSplit(node, inputs);
    return sizes.map((size) => ({ type, shape: shape.with(axis, size) }));
  },
  fold: (node, inputs) => {
    const tensor = operand(node, inputs, 0);
    const { axis, sizes } = parseSplit(node, inputs);
    const whole = tensor.shape.with(axis, 0).map(countTo);
    let start = 0;
    return sizes.map((size) => {
      const part = countTo(size).map((index) => start + index);
      start += size;
      return pick(tensor, whole.with(axis, part));
    });
  },
  // the sizes are an input since opset 13; since 18 without sizes the number of parts must be
  // stated
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 18) return [node];
    // they could be an input at opset 1 too, of the same floats as what is split
    if (rewriting.opset === 1 && node.inputs[1]) {
      const stated = numbersIn(rewriting.constantOf(node.inputs[1]));
      if (!stated?.every(Number.isInteger)) {
        throw notInOpset18(node, "parts whose lengths are no whole constants");
      }
      const lengths = rewriting.constant(intsTensor(stated), `${node.outputs[0]}_split`);
      return [withInputs(node, { split: lengths })];
    }
    const sizes = rewriting.opset < 13 ? intsInput(node, rewriting, "split") : node.inputs[1];
    const bare = withInputs(node, { split: sizes ?? "" });
    if (sizes) return [bare];
    return [{ ...bare, attributes: { ...bare.attributes, num_outputs: node.outputs.length } }];
  },
};

/** A Gather node whose indices are constants. */
export interface Gathering {
  readonly axis: number;
  /** Element of X, 0 ... length - 1, at each place of Y along `axis`. */
  readonly indices: readonly number[];
  /** Elements of X along `axis`. */
  readonly length: number;
}

/**
 * @param shape of X.
 * @param stated indices as input 1 has them: negative ones count from the end.
 *
 * @throws ModelError for an index outside the axis.
 */
export function parseGather(
  node: Node,
  shape: readonly number[],
  stated: readonly number[],
): Gathering {
  const axis = axisAttribute(node, shape.length, 0);
  const length = shape[axis]!;
  return { axis, length, indices: stated.map((index) => normaliseIndex(node, index, length)) };
}

/**
 * Y has X's shape with `axis` replaced by the shape of the indices. Source: ONNX operator
 * Gather-13.
 */
const gather: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const axis = axisAttribute(node, shape.length, 0);
    return shape.toSpliced(axis, 1, ...input(node, inputs, 1).shape);
  }),
  fold: (node, inputs, [output]) => {
    const tensor = operand(node, inputs, 0);
    const stated = toNumbers(operand(node, inputs, 1));
    const { axis, indices } = parseGather(node, tensor.shape, stated);
    const each = (length: number, i: number) => (i === axis ? indices : countTo(length));
    const picked = pick(tensor, tensor.shape.map(each));
    return [view(picked, output!.shape)];
  },
};

const gatherElements: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const indices = input(node, inputs, 1).shape;
    axisAttribute(node, shape.length, 0);
    if (indices.length !== shape.length) {
      throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
    }
    return indices;
  }),
};

const indicesOf = (tensor: NumericTensor): Indices => {
  return { shape: tensor.shape, numbers: toNumbers(tensor) };
};

const gatherND: Operator = {
  infer: ofInputType((node, inputs, shape) => {
    const indices = input(node, inputs, 1).shape;
    const batch = intAttribute(node, "batch_dims", 0);
    const depth = indices.at(-1);
    if (depth === undefined || batch + depth > shape.length) {
      throw mismatch(node, `indices ${formatShape(indices)} on a tensor ${formatShape(shape)}`);
    }
    return [...indices.slice(0, -1), ...shape.slice(batch + depth)];
  }),
  fold: (node, inputs, [output]) => {
    if (intAttribute(node, "batch_dims", 0) !== 0) return [];
    const [tensor, indices] = [operand(node, inputs, 0), operand(node, inputs, 1)];
    const { rows, length } = placesOfTuples(node, tensor.shape, indicesOf(indices));
    const places = rows.flatMap((row) => countTo(length).map((i) => row * length + i));
    return [view(pick(view(tensor, [sizeOf(tensor.shape)]), [places]), output!.shape)];
  },
};

/** The K largest or smallest along an axis, and where they were. Source: ONNX operator TopK-11. */
const topK: Operator = {
  infer: (node, inputs) => {
    const { type, shape } = input(node, inputs, 0);
    const [k = 0] = requiredInts(node, inputs, 1);
    const axis = axisAttribute(node, shape.length, -1);
    if (k < 0 || k > shape[axis]!) {
      throw mismatch(node, `the first ${k} of an axis of ${formatShape(shape)}`);
    }
    const taken = shape.with(axis, k);
    return [
      { type, shape: taken },
      { type: "int64", shape: taken },
    ];
  },
  // K was an attribute
  upgrade: (node, rewriting) => {
    if (rewriting.opset >= 10) return [node];
    const k = rewriting.constant(intsTensor([intAttribute(node, "k")]), `${node.outputs[0]}_k`);
    return [withInputs(withoutAttributes(node, "k"), { k })];
  },
};

/** X with some elements replaced: for each of the indices there is an update. */
const scatter = (
  updatesOf: (x: readonly number[], indices: readonly number[]) => readonly number[],
): Operator => ({
  infer: ofInputType((node, inputs, shape) => {
    const wanted = updatesOf(shape, input(node, inputs, 1).shape);
    const updates = input(node, inputs, 2).shape;
    if (updates.join() !== wanted.join()) {
      const given = `updates ${formatShape(updates)} on a tensor ${formatShape(shape)}`;
      throw mismatch(node, `${given}; its indices want ${formatShape(wanted)}`);
    }
    return shape;
  }),
});

/** Slices of X replaced; from opset 16 on they may be added and the like instead. */
const scatterND: Operator = {
  ...scatter((x, indices) => [...indices.slice(0, -1), ...x.slice(indices.at(-1))]),
  fold: (node, inputs) => {
    if (stringAttribute(node, "reduction", "none") !== "none") return [];
    const [tensor, indices, updates] = [0, 1, 2].map((index) => operand(node, inputs, index));
    const { rows, length } = placesOfTuples(node, tensor!.shape, indicesOf(indices!));
    const scattered = fromElements([tensor!, updates!], tensor!.shape, ([from, replaced], to) => {
      for (let i = 0; i < to.length; i++) to[i] = from![i]!;
      rows.forEach((row, k) => {
        for (let i = 0; i < length; i++) to[row * length + i] = replaced![k * length + i]!;
      });
    });
    return [scattered];
  },
};

/** Operators that take some of the input's elements, or replace some. */
export const selections: Operators = {
  Slice: slice,
  Split: split,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  // renamed at opset 11
  Scatter: { upgrade: (node) => [{ ...node, op: "ScatterElements" }] },
  ScatterElements: scatter((_, indices) => indices),
  TopK: topK,
  ScatterND: scatterND,
};
