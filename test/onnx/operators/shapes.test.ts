import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Attributes, float } from "../../../lib/onnx/model.ts";
import {
  type BoolTensor,
  floatTensor,
  intsTensor,
  sizeOf,
  type Tensor,
} from "../../../lib/onnx/tensor.ts";
import { int } from "../../support/integers.ts";
import { checkShapes, infer } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 7, 3, 4], 1, [-1, 1]);
const scalar = (value: number): Tensor => floatTensor([], [value]);
const bools = (...shape: readonly number[]): BoolTensor => ({
  type: "bool",
  shape,
  data: new Uint8Array(sizeOf(shape)),
});

interface Row {
  readonly op: string;
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes?: Attributes;
  readonly outputCount?: number;
}

const unary = `Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor HardSigmoid
  HardSwish Hardmax Identity LeakyRelu Log LogSoftmax Mish Neg Reciprocal Relu Round Selu Shrink Sigmoid
  Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu IsNaN IsInf Size Shape
  GlobalAveragePool GlobalMaxPool GlobalLpPool LpNormalization MeanVarianceNormalization`;

const binary = "Add Sub Mul Div Pow Max Min Sum Mean Equal Greater Less GreaterOrEqual LessOrEqual";

const reductions = `ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2
  ReduceSumSquare ReduceLogSum ReduceLogSumExp`;

const rows: readonly Row[] = [
  ...unary.split(/\s+/).map((op) => ({ op, inputs: [x] })),
  ...binary.split(" ").map((op) => ({ op, inputs: [x, uniform([7, 1, 4], 2)] })),
  ...reductions.split(/\s+/).flatMap((op): Row[] => [
    { op, inputs: [x, intsTensor([1, -1])] },
    { op, inputs: [x, intsTensor([2])], attributes: { keepdims: 0 } },
    { op, inputs: [x] },
    { op, inputs: [x], attributes: { noop_with_empty_axes: 1 } },
  ]),
  { op: "Mod", inputs: [x, uniform([4], 2)], attributes: { fmod: 1 } },
  { op: "And", inputs: [bools(3, 1), bools(2)] },
  { op: "Or", inputs: [bools(3, 1), bools(2)] },
  { op: "Xor", inputs: [bools(3, 1), bools(2)] },
  { op: "Not", inputs: [bools(3, 2)] },
  { op: "Where", inputs: [bools(3, 1), uniform([2, 1, 4], 1), uniform([3, 4], 2)] },
  { op: "Clip", inputs: [x, null, scalar(1)] },
  { op: "PRelu", inputs: [x, uniform([7, 1, 1], 2)] },
  { op: "Cast", inputs: [x], attributes: { to: 7 } },
  { op: "Cast", inputs: [x], attributes: { to: 9 } },
  { op: "Cast", inputs: [intsTensor([1, 2])], attributes: { to: 1 } },
  { op: "CastLike", inputs: [x, intsTensor([2])] },
  { op: "Dropout", inputs: [x], outputCount: 2 },
  {
    op: "Einsum",
    inputs: [x, uniform([5, 7, 4], 2)],
    attributes: { equation: "nchw,dcw->hnd" },
  },
  { op: "CumSum", inputs: [x, int(1)] },
  { op: "Trilu", inputs: [x] },
  { op: "LRN", inputs: [x], attributes: { size: 3 } },
  {
    op: "BatchNormalization",
    inputs: [x, ...[2, 3, 4, 5].map((seed) => uniform([7], seed))],
  },
  { op: "InstanceNormalization", inputs: [x, uniform([7], 2), uniform([7], 3)] },
  {
    op: "LayerNormalization",
    inputs: [x, uniform([3, 4], 2), uniform([3, 4], 3)],
    attributes: { axis: -2 },
    outputCount: 3,
  },
  { op: "LpPool", inputs: [x], attributes: { kernel_shape: [2, 3], strides: [1, 2] } },
  { op: "Concat", inputs: [x, uniform([2, 5, 3, 4], 2)], attributes: { axis: -3 } },
  { op: "Split", inputs: [x, intsTensor([2, 4, 1])], attributes: { axis: 1 }, outputCount: 3 },
  { op: "Split", inputs: [x], attributes: { axis: 1, num_outputs: 3 }, outputCount: 3 },
  { op: "Pad", inputs: [x, intsTensor([0, 1, 2, 3, 0, 0, -1, 1])] },
  { op: "Pad", inputs: [x, intsTensor([1, 2, 3, 1]), scalar(5), intsTensor([3, -3])] },
  { op: "Pad", inputs: [x, intsTensor([0, 0, 1, 2, 0, 0, 2, 1])], attributes: { mode: "reflect" } },
  { op: "Reshape", inputs: [x, intsTensor([0, -1, 6])] },
  { op: "Reshape", inputs: [uniform([0, 3], 1), intsTensor([3, 0])], attributes: { allowzero: 1 } },
  { op: "Reshape", inputs: [scalar(1), intsTensor([1, -1])] },
  { op: "Flatten", inputs: [x] },
  { op: "Flatten", inputs: [x], attributes: { axis: 0 } },
  { op: "Flatten", inputs: [x], attributes: { axis: 4 } },
  { op: "Flatten", inputs: [x], attributes: { axis: -1 } },
  { op: "Squeeze", inputs: [uniform([1, 5, 1, 3], 1)] },
  { op: "Squeeze", inputs: [uniform([1, 5, 1, 3], 1), intsTensor([-2])] },
  { op: "Unsqueeze", inputs: [x, intsTensor([-1, 1])] },
  { op: "Transpose", inputs: [x] },
  { op: "Transpose", inputs: [x], attributes: { perm: [2, 0, 3, 1] } },
  { op: "Expand", inputs: [uniform([7, 1, 4], 1), intsTensor([2, 1, 3, 1])] },
  { op: "Tile", inputs: [x, intsTensor([1, 2, 3, 1])] },
  { op: "Gather", inputs: [x, intsTensor([2, 0, -1])], attributes: { axis: 1 } },
  { op: "Gather", inputs: [x, int(2)], attributes: { axis: -1 } },
  {
    op: "GatherElements",
    inputs: [x, { ...intsTensor([0, 1]), shape: [1, 2, 1, 1] }],
    attributes: { axis: 1 },
  },
  { op: "TopK", inputs: [x, intsTensor([3])], outputCount: 2 },
  { op: "TopK", inputs: [x, intsTensor([2])], attributes: { axis: 1, largest: 0 }, outputCount: 2 },
  {
    op: "GridSample",
    inputs: [uniform([2, 3, 4, 5, 6], 1), uniform([2, 7, 8, 9, 3], 2)],
    attributes: { mode: "bilinear" },
  },
  { op: "GridSample", inputs: [x, uniform([2, 5, 6, 2], 2)] },
  { op: "GatherND", inputs: [x, { ...intsTensor([1, 6, 0, 2]), shape: [2, 2] }] },
  {
    op: "ScatterElements",
    inputs: [x, { ...intsTensor([0, 1]), shape: [1, 2, 1, 1] }, uniform([1, 2, 1, 1], 3)],
    attributes: { axis: 1 },
  },
  { op: "ScatterND", inputs: [x, { ...intsTensor([1]), shape: [1, 1] }, uniform([1, 7, 3, 4], 3)] },
  { op: "DepthToSpace", inputs: [uniform([2, 12, 3, 5], 1)], attributes: { blocksize: 2 } },
  { op: "SpaceToDepth", inputs: [uniform([2, 3, 4, 6], 1)], attributes: { blocksize: 2 } },
  { op: "Resize", inputs: [x, null, null, intsTensor([2, 7, 5, 9])] },
  { op: "Resize", inputs: [x, null, floatTensor([4], [1, 1, 2.5, 1.3])] },
  {
    op: "Resize",
    inputs: [x, null, null, intsTensor([8, 9])],
    attributes: { axes: [2, 3], keep_aspect_ratio_policy: "not_larger", mode: "linear" },
  },
  { op: "Gemm", inputs: [uniform([2, 5], 1), uniform([5, 3], 2), uniform([3], 3)] },
  {
    op: "Gemm",
    inputs: [uniform([5, 2], 1), uniform([3, 5], 2)],
    attributes: { transA: 1, transB: 1, alpha: float(0.5) },
  },
  { op: "MatMul", inputs: [uniform([4, 1, 2, 5], 1), uniform([3, 5, 6], 2)] },
  { op: "MatMul", inputs: [uniform([5], 1), uniform([3, 5, 6], 2)] },
  { op: "MatMul", inputs: [uniform([2, 5], 1), uniform([5], 2)] },
  { op: "ArgMax", inputs: [x], attributes: { axis: -2 } },
  { op: "ArgMin", inputs: [x], attributes: { axis: 1, keepdims: 0 } },
  { op: "Shape", inputs: [x], attributes: { start: 1, end: -1 } },
  { op: "ConstantOfShape", inputs: [intsTensor([2, 3])] },
  { op: "EyeLike", inputs: [uniform([2, 3], 1)], attributes: { k: 1 } },
  {
    op: "ConstantOfShape",
    inputs: [intsTensor([2, 3])],
    attributes: { value: { tensor: intsTensor([7]) } },
  },
  { op: "Range", inputs: [int(3), int(-8), int(-4)] },
  { op: "OneHot", inputs: [intsTensor([1, 4]), int(5), floatTensor([2], [0, 1])] },
  {
    op: "OneHot",
    inputs: [{ ...intsTensor([1, -1, 0]), shape: [3, 1] }, int(5), intsTensor([2, 7])],
    attributes: { axis: 1 },
  },
];

describe("types and shapes are those that ONNX Runtime computes", () => {
  test.each(rows.map((row, i) => ({ ...row, i })))("$op ($i)", async (row) => {
    // Resize's scales decide the shape though they are floats
    const isScale = (tensor: Tensor) => row.op === "Resize" && tensor !== x;
    await checkShapes(row, (given, isConstant) =>
      infer(given, (tensor) => isConstant(tensor) || isScale(tensor)),
    );
    expect.hasAssertions();
  });

  test("Slice with any starts, ends and steps", async () => {
    const extreme = fc.constantFrom(-(2 ** 31), 2 ** 31);
    const place = fc.oneof(fc.integer({ min: -9, max: 9 }), extreme);
    const step = fc.integer({ min: -3, max: 3 }).filter((value) => value !== 0);
    const property = fc.asyncProperty(
      fc.array(fc.record({ start: place, end: place, step }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (slices, fromTheBack) => {
        const axes = slices.map((_, axis) => (fromTheBack ? -1 - axis : axis));
        const lists = [
          slices.map(({ start }) => start),
          slices.map(({ end }) => end),
          axes,
          slices.map((slice) => slice.step),
        ];
        await checkShapes({ op: "Slice", inputs: [x, ...lists.map(intsTensor)] });
      },
    );
    await expect(fc.assert(property, { seed: 5, numRuns: 80 })).resolves.toBeUndefined();
  });

  test("broadcasting of any two shapes that fit", async () => {
    const axis = fc.record({
      length: fc.integer({ min: 1, max: 4 }),
      ones: fc.constantFrom("none", "left", "right"),
    });
    const property = fc.asyncProperty(
      fc.array(axis, { maxLength: 4 }),
      fc.nat({ max: 4 }),
      async (drawn, missing) => {
        const left = drawn.map(({ length, ones }) => (ones === "left" ? 1 : length));
        const right = drawn.map(({ length, ones }) => (ones === "right" ? 1 : length));
        const inputs = [uniform(left, 1), uniform(right.slice(missing), 2)];
        await checkShapes({ op: "Mul", inputs });
      },
    );
    await expect(fc.assert(property, { seed: 5, numRuns: 60 })).resolves.toBeUndefined();
  });
});
