import type { Node } from "../../../lib/onnx/model.ts";
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from "../../../lib/onnx/node.ts";
import { sizeOf } from "../../../lib/onnx/tensor.ts";
import {
  around,
  broadcastTo,
  offsets,
  picked,
  type Operator64,
  type Tensor64,
  zeros,
} from "./tensor64.ts";
import {
  along,
  batchNormalization,
  exponentials,
  instanceNormalization,
  layerNormalization,
  lrn,
  mean,
} from "./normalisation.ts";
import { convolution, pooled, resized, transposedConvolution } from "./windows.ts";

const integers = (tensor: Tensor64 | undefined): number[] => [...(tensor?.data ?? [])];
const viewed: Operator64 = (_, [x], shape) => ({ shape, data: x!.data });
const stridesOf = (shape: readonly number[]) =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/** The last two axes as matrices, those before broadcast. */
function product(a: Tensor64, b: Tensor64, shape: readonly number[]): Tensor64 {
  const [inner, columns] = [a.shape.at(-1)!, b.shape.at(-1)!];
  const rows = a.shape.at(-2)!;
  const lead = shape.slice(0, -2);
  const [left, right] = [a, b].map((each) => broadcastTo(each, [...lead, ...each.shape.slice(-2)]));
  const y = zeros(shape);
  for (let n = 0; n < sizeOf(lead); n++) {
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < inner; k++) {
        const value = left!.data[(n * rows + i) * inner + k]!;
        const [to, from] = [(n * rows + i) * columns, (n * inner + k) * columns];
        for (let j = 0; j < columns; j++) y.data[to + j]! += value * right!.data[from + j]!;
      }
    }
  }
  return y;
}

const gemm: Operator64 = (node, [a, b, c], shape) => {
  const turned = (x: Tensor64, isTurned: number) => (isTurned ? transposed(x, [1, 0]) : x);
  const left = turned(a!, intAttribute(node, "transA", 0));
  const y = product(left, turned(b!, intAttribute(node, "transB", 0)), shape);
  const [alpha, beta] = [floatAttribute(node, "alpha", 1), floatAttribute(node, "beta", 1)];
  const added = c && broadcastTo(c, shape);
  return { shape, data: y.data.map((v, i) => alpha * v + beta * (added?.data[i] ?? 0)) };
};

function transposed(x: Tensor64, perm: readonly number[]): Tensor64 {
  const strides = stridesOf(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  return picked(
    x,
    shape,
    offsets(
      shape,
      perm.map((axis) => strides[axis]!),
    ),
  );
}

const concatenated: Operator64 = (node, inputs, shape) => {
  const { outer } = around(shape, intAttribute(node, "axis"));
  const y = zeros(shape);
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const { data } of inputs) {
      const part = data.length / outer;
      y.data.set(data.subarray(i * part, (i + 1) * part), to);
      to += part;
    }
  }
  return y;
};

const sliced: Operator64 = (_, [x, starts, , axes, steps], shape) => {
  const strides = stridesOf(x!.shape);
  let start = 0;
  const sliceAxes = axes ? integers(axes) : integers(starts).map((__, i) => i);
  sliceAxes.forEach((axis, i) => {
    const { at, length } = around(x!.shape, axis);
    const step = integers(steps)[i] ?? 1;
    const from = integers(starts)[i]!;
    const begin = from < 0 ? from + length : from;
    start += Math.min(Math.max(begin, 0), step < 0 ? length - 1 : length) * strides[at]!;
    strides[at]! *= step;
  });
  return picked(x!, shape, offsets(shape, strides, start));
};

const gathered: Operator64 = (node, [x, indices], shape) => {
  const { outer, length, inner } = around(x!.shape, intAttribute(node, "axis", 0));
  const y = zeros(shape);
  let to = 0;
  for (let i = 0; i < outer; i++) {
    for (const index of integers(indices)) {
      const from = (i * length + (index < 0 ? index + length : index)) * inner;
      y.data.set(x!.data.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return y;
};

const padded: Operator64 = (node, [x, pads, value, axes], shape) => {
  const given = integers(pads);
  const begin = shape.map(() => 0);
  const padAxes = axes ? integers(axes) : [...begin.keys()];
  padAxes.forEach((axis, i) => (begin[around(shape, axis).at] = given[i]!));
  const mode = stringAttribute(node, "mode", "constant");
  const y = zeros(shape);
  const [strides, outStrides] = [stridesOf(x!.shape), stridesOf(shape)];
  y.data.forEach((_, i) => {
    let [from, isInside] = [0, true];
    shape.forEach((length, axis) => {
      const own = x!.shape[axis]!;
      let at = (Math.floor(i / outStrides[axis]!) % length) - begin[axis]!;
      if (at < 0 || at >= own) {
        if (mode === "constant") isInside = false;
        at =
          mode === "reflect"
            ? at < 0
              ? -at
              : 2 * own - 2 - at
            : Math.min(Math.max(at, 0), own - 1);
      }
      from += at * strides[axis]!;
    });
    y.data[i] = isInside ? x!.data[from]! : (value?.data[0] ?? 0);
  });
  return y;
};

const REDUCTIONS: Readonly<Record<string, (values: Float64Array) => number>> = {
  ReduceMean: mean,
  ReduceSum: (values) => values.reduce((sum, x) => sum + x, 0),
  ReduceMax: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  ReduceMin: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
  ReduceL2: (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)),
  ReduceSumSquare: (values) => values.reduce((sum, x) => sum + x * x, 0),
};

function reduced(x: Tensor64, axes: readonly number[], shape: readonly number[], op: string) {
  const all = [...x.shape.keys()];
  const taken = axes.length > 0 ? axes.map((axis) => around(x.shape, axis).at) : all;
  const kept = all.filter((axis) => !taken.includes(axis));
  const rows = transposed(x, [...kept, ...taken]);
  const length = sizeOf(taken.map((axis) => x.shape[axis]!));
  const y = zeros(shape);
  const f = REDUCTIONS[op]!;
  y.data.forEach((_, i) => (y.data[i] = f(rows.data.subarray(i * length, (i + 1) * length))));
  return y;
}

const blocks: Operator64 = (node, [x], shape) => {
  const size = intAttribute(node, "blocksize");
  const [n = 1, c = 1, h = 1, w = 1] = x!.shape;
  const isColumns = stringAttribute(node, "mode", "DCR") === "CRD";
  const few = c / size ** 2;
  const split = isColumns ? [n, few, size, size, h, w] : [n, size, size, few, h, w];
  const perm = isColumns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return { shape, data: transposed({ shape: split, data: x!.data }, perm).data };
};

/** By operator: all that the architectures' graphs are made of but functions of numbers. */
export const OPERATORS64: Readonly<Record<string, Operator64>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MaxPool: pooled,
  AveragePool: pooled,
  GlobalAveragePool: (_, [x], shape) =>
    reduced(x!, [...shape.keys()].slice(2), shape, "ReduceMean"),
  GlobalMaxPool: (_, [x], shape) => reduced(x!, [...shape.keys()].slice(2), shape, "ReduceMax"),
  ...Object.fromEntries(
    Object.keys(REDUCTIONS).map((op) => [
      op,
      ((_, [x, axes], shape) => reduced(x!, integers(axes), shape, op)) satisfies Operator64,
    ]),
  ),
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: lrn,
  Softmax: (node, [x]) => along(x!, intAttribute(node, "axis", -1), exponentials),
  LogSoftmax: (node, [x]) =>
    along(x!, intAttribute(node, "axis", -1), (values) => exponentials(values).map(Math.log)),
  Gemm: gemm,
  MatMul: (_, [a, b], shape) => product(a!, b!, shape),
  ...Object.fromEntries(["Reshape", "Flatten", "Squeeze", "Unsqueeze"].map((op) => [op, viewed])),
  Transpose: (node, [x]) =>
    transposed(x!, intsAttribute(node, "perm", [...x!.shape.keys()].toReversed())),
  Concat: concatenated,
  Slice: sliced,
  Gather: gathered,
  Pad: padded,
  Expand: (_, [x], shape) => broadcastTo(x!, shape),
  Resize: (node, [x], shape) => resized(node, x!, shape),
  DepthToSpace: blocks,
  Where: (_, [condition, a, b], shape) => {
    const [c, x, y] = [condition!, a!, b!].map((each) => broadcastTo(each, shape).data);
    return { shape, data: c!.map((is, i) => (is ? x![i]! : y![i]!)) };
  },
  Clip: (_, [x, low, high]) => {
    const [least, most] = [low?.data[0] ?? -Infinity, high?.data[0] ?? Infinity];
    return { ...x!, data: x!.data.map((v) => Math.min(Math.max(v, least), most)) };
  },
};

/** The parts of a Split. */
export function splitParts(
  node: Node,
  x: Tensor64,
  shapes: readonly (readonly number[])[],
): readonly Tensor64[] {
  const { at } = around(x.shape, intAttribute(node, "axis", 0));
  const strides = stridesOf(x.shape);
  let start = 0;
  return shapes.map((shape) => {
    const part = picked(x, shape, offsets(shape, strides, start));
    start += shape[at]! * strides[at]!;
    return part;
  });
}
