import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ModelError } from "../../../lib/onnx/errors.ts";
import type { Attributes } from "../../../lib/onnx/model.ts";
import {
  type BoolTensor,
  floatTensor,
  type Int32Tensor,
  intsTensor,
  sizeOf,
  type Tensor,
} from "../../../lib/onnx/tensor.ts";
import { int } from "../../support/integers.ts";
import { checkFolding, infer, type OperatorCase } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 7, 3, 4], 1, [-5, 5]);
const positive = uniform([2, 7, 3], 2, [0.1, 4]);
const scalar = (value: number): Tensor => floatTensor([], [value]);
const int32 = (...values: readonly number[]): Int32Tensor => ({
  type: "int32",
  shape: [values.length],
  data: Int32Array.from(values),
});
const bools = (shape: readonly number[], ...values: readonly number[]): BoolTensor => ({
  type: "bool",
  shape,
  data: Uint8Array.from(values),
});
const lengths = (shape: readonly number[]): Tensor => ({
  ...intsTensor(Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 23) - 9)),
  shape,
});

interface Row {
  readonly op: string;
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes?: Attributes;
  readonly outputCount?: number;
}

const arithmetic = "Add Sub Mul Max Min Equal Greater Less GreaterOrEqual LessOrEqual".split(" ");
const reductions = "ReduceSum ReduceMax ReduceMin ReduceProd".split(" ");

const rows: readonly Row[] = [
  ...arithmetic.flatMap((op): Row[] => [
    { op, inputs: [x, uniform([7, 1, 4], 3, [-5, 5])] },
    { op, inputs: [lengths([5, 1]), lengths([3])] },
    { op, inputs: [int32(-3, 0, 8), int32(5, 0, 1)] },
  ]),
  ...reductions.flatMap((op): Row[] => [
    { op, inputs: [positive, intsTensor([1])] },
    { op, inputs: [positive, intsTensor([-1, 0])], attributes: { keepdims: 0 } },
    { op, inputs: [intsTensor([3, -4, 5])] },
  ]),
  { op: "ReduceMean", inputs: [lengths([2, 5, 3]), intsTensor([1])] },
  { op: "NonZero", inputs: [bools([2, 3, 1], 0, 1, 1, 0, 0, 1)] },
  { op: "NonZero", inputs: [floatTensor([4], [0, -2, 0, 0.5])] },
  { op: "Sum", inputs: [x, scalar(3), uniform([4], 2)] },
  { op: "Div", inputs: [x, uniform([3, 1], 2, [0.5, 2])] },
  { op: "Div", inputs: [lengths([5, 1]), intsTensor([4, -3])] },
  { op: "Div", inputs: [int32(7, -7, 6), int32(2, 2, -3)] },
  { op: "Mod", inputs: [lengths([5, 1]), intsTensor([4, -3])] },
  { op: "Mod", inputs: [lengths([5, 1]), intsTensor([4, -3])], attributes: { fmod: 1 } },
  { op: "Mod", inputs: [int32(7, -7, 6), int32(2, 2, -4)] },
  { op: "Mod", inputs: [x, scalar(-1.5)], attributes: { fmod: 1 } },
  { op: "Pow", inputs: [positive, scalar(2.5)] },
  { op: "Pow", inputs: [intsTensor([2, -3]), intsTensor([5, 3])] },
  { op: "Pow", inputs: [positive, int(3)] },
  { op: "Neg", inputs: [x] },
  { op: "Neg", inputs: [lengths([4])] },
  { op: "Abs", inputs: [lengths([4])] },
  { op: "Floor", inputs: [x] },
  { op: "Ceil", inputs: [x] },
  { op: "Round", inputs: [floatTensor([6], [-2.5, -1.5, -0.4, 0.5, 1.5, 2.6])] },
  { op: "Clip", inputs: [x, scalar(-1.5), scalar(2)] },
  { op: "Clip", inputs: [lengths([7]), int(0)] },
  { op: "Clip", inputs: [lengths([7]), null, int(3)] },
  { op: "Sign", inputs: [x] },
  { op: "Sign", inputs: [lengths([7])] },
  { op: "Relu", inputs: [x] },
  { op: "IsNaN", inputs: [floatTensor([3], [1, NaN, Infinity])] },
  { op: "CumSum", inputs: [lengths([2, 5, 3]), int(1)] },
  { op: "CumSum", inputs: [lengths([2, 5, 3]), int(-1)], attributes: { reverse: 1 } },
  { op: "CumSum", inputs: [positive, int(0)], attributes: { exclusive: 1, reverse: 1 } },
  { op: "GatherND", inputs: [x, { ...intsTensor([1, 3, 0, -1, 1, 0]), shape: [3, 2] }] },
  {
    op: "ScatterND",
    inputs: [
      lengths([4, 3]),
      { ...intsTensor([3, 0]), shape: [2, 1] },
      { ...intsTensor([1, 2, 3, 4, 5, 6]), shape: [2, 3] },
    ],
  },
  { op: "Sqrt", inputs: [positive] },
  { op: "Reciprocal", inputs: [positive] },
  { op: "And", inputs: [bools([2, 1], 0, 1), bools([2], 0, 1)] },
  { op: "Or", inputs: [bools([2, 1], 0, 1), bools([2], 0, 1)] },
  { op: "Xor", inputs: [bools([2, 1], 0, 1), bools([2], 0, 1)] },
  { op: "Not", inputs: [bools([3], 0, 1, 1)] },
  { op: "Where", inputs: [bools([2, 1], 0, 1), lengths([3]), int(40)] },
  { op: "Where", inputs: [bools([2, 1], 0, 1), uniform([3], 1), scalar(-1)] },
  { op: "Cast", inputs: [floatTensor([4], [-2.7, 2.7, 0.2, 0])], attributes: { to: 7 } },
  { op: "Cast", inputs: [floatTensor([4], [-2.7, 2.7, 0.2, 0])], attributes: { to: 6 } },
  { op: "Cast", inputs: [floatTensor([4], [-2.7, 2.7, 0.2, 0])], attributes: { to: 9 } },
  { op: "Cast", inputs: [intsTensor([3, -1, 0])], attributes: { to: 1 } },
  { op: "Cast", inputs: [bools([2], 0, 1)], attributes: { to: 7 } },
  { op: "Identity", inputs: [x] },
  { op: "Reshape", inputs: [x, intsTensor([0, -1, 6])] },
  { op: "Flatten", inputs: [x], attributes: { axis: 2 } },
  { op: "Squeeze", inputs: [uniform([1, 5, 1, 3], 1), intsTensor([2])] },
  { op: "Unsqueeze", inputs: [x, intsTensor([0, -1])] },
  { op: "Transpose", inputs: [x], attributes: { perm: [2, 0, 3, 1] } },
  { op: "Transpose", inputs: [bools([2, 3], 0, 1, 1, 0, 0, 1)] },
  { op: "Expand", inputs: [uniform([7, 1, 4], 1), intsTensor([2, 1, 3, 1])] },
  { op: "Tile", inputs: [x, intsTensor([1, 2, 3, 1])] },
  {
    op: "Gather",
    inputs: [x, { ...intsTensor([2, 0, -1, 3]), shape: [2, 2] }],
    attributes: { axis: 1 },
  },
  { op: "Gather", inputs: [intsTensor([4, 5, 6]), int(-1)] },
  { op: "Concat", inputs: [x, uniform([2, 2, 3, 4], 2)], attributes: { axis: 1 } },
  { op: "Concat", inputs: [intsTensor([1]), intsTensor([2, 3])], attributes: { axis: -1 } },
  { op: "Split", inputs: [x, intsTensor([2, 4, 1])], attributes: { axis: 1 }, outputCount: 3 },
  { op: "Split", inputs: [x], attributes: { axis: -3, num_outputs: 3 }, outputCount: 3 },
  { op: "Shape", inputs: [x], attributes: { start: -3, end: 9 } },
  { op: "Size", inputs: [x] },
  { op: "ConstantOfShape", inputs: [intsTensor([2, 3])] },
  { op: "EyeLike", inputs: [floatTensor([3, 5], new Float32Array(15))] },
  {
    op: "EyeLike",
    inputs: [floatTensor([5, 3], new Float32Array(15))],
    attributes: { k: -1, dtype: 7 },
  },
  {
    op: "ConstantOfShape",
    inputs: [intsTensor([2, 0, 3])],
    attributes: { value: { tensor: int32(4) } },
  },
  { op: "Range", inputs: [int(3), int(-8), int(-4)] },
  { op: "Range", inputs: [scalar(0.5), scalar(2), scalar(0.25)] },
];

describe("constants fold to what ONNX Runtime computes", () => {
  test.each(rows.map((row, i) => ({ ...row, i })))("$op ($i)", async (row) => {
    await checkFolding(row);
    expect.hasAssertions();
  });

  test("Slice with any starts, ends and steps", async () => {
    const place = fc.integer({ min: -9, max: 9 });
    const step = fc.integer({ min: -3, max: 3 }).filter((value) => value !== 0);
    const property = fc.asyncProperty(
      fc.array(fc.record({ start: place, end: place, step }), { minLength: 1, maxLength: 4 }),
      async (slices) => {
        const lists = [
          slices.map(({ start }) => start),
          slices.map(({ end }) => end),
          slices.map((_, axis) => axis - 4),
          slices.map((slice) => slice.step),
        ];
        await checkFolding({ op: "Slice", inputs: [x, ...lists.map(intsTensor)] });
      },
    );
    await expect(fc.assert(property, { seed: 6, numRuns: 60 })).resolves.toBeUndefined();
  });

  test("a Constant node, whichever attribute holds its value", async () => {
    const values: readonly Attributes[] = [
      { value: { tensor: x } },
      { value_float: { float: 0.5 } },
      { value_floats: { floats: [1, 2.5] } },
      { value_int: 3 },
      { value_ints: [3, 4] },
    ];
    for (const attributes of values) await checkFolding({ op: "Constant", inputs: [], attributes });
    expect.hasAssertions();
  });
});

/** The values that folding finds. */
const folded = (given: OperatorCase, isConstant: (tensor: Tensor) => boolean = () => true) =>
  infer(given, isConstant).map(({ constant }) => constant);

describe("what is not folded", () => {
  test("a value with an input that depends on the image", () => {
    expect(folded({ op: "Add", inputs: [x, scalar(1)] }, (tensor) => tensor !== x)).toEqual([
      undefined,
    ]);
  });

  test("the shape of such a value does fold", () => {
    expect(folded({ op: "Shape", inputs: [x] }, () => false)).toEqual([intsTensor([2, 7, 3, 4])]);
  });

  test("a constant that would not fit in memory", () => {
    const given = { op: "ConstantOfShape", inputs: [intsTensor([1_000, 1_000, 1_000])] };
    expect(infer(given, () => true)).toEqual([{ type: "float32", shape: [1_000, 1_000, 1_000] }]);
  });

  test("what is added to places, and not put there", () => {
    const places = { ...intsTensor([3, 0]), shape: [2, 1] };
    const inputs = [lengths([4, 3]), places, lengths([2, 3])];
    const of = (reduction: string) => ({ op: "ScatterND", inputs, attributes: { reduction } });
    expect(folded(of("none"))).not.toEqual([undefined]);
    for (const reduction of ["add", "mul", "max", "min"]) {
      expect(folded(of(reduction))).toEqual([undefined]);
    }
  });

  test("weights that are only reshaped keep their buffer", () => {
    const [view] = folded({ op: "Reshape", inputs: [x, intsTensor([-1])] });
    expect(view?.type === "float32" && view.data).toBe(x.data);
  });
});

test.each([
  { op: "Div", inputs: [int(1), int(0)], message: "integer division by zero" },
  { op: "Gather", inputs: [intsTensor([4, 5]), int(2)], message: "index 2 is outside an axis of" },
  { op: "Cast", inputs: [scalar(NaN)], attributes: { to: 7 }, message: "NaN" },
])("$op refuses: $message", ({ message, ...given }) => {
  const folding = () => infer(given, () => true);
  expect(folding).toThrow(ModelError);
  expect(folding).toThrow(message);
});

test("checkFolding catches a wrong element", async () => {
  const given = { op: "Identity", inputs: [intsTensor([1, 2, 3])] };
  await expect(checkFolding(given, lastElementWrong)).rejects.toThrow(/Identity/);
});

const lastElementWrong: typeof infer = (...call) =>
  infer(...call).map((facts) => ({ ...facts, constant: intsTensor([1, 2, 4]) }));
