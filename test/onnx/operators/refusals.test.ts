import { describe, expect, test } from "vitest";

import { ModelError, ShapeMismatchError, UnknownOperatorError } from "../../../lib/onnx/errors.ts";
import { boolScalar, floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { int } from "../../support/integers.ts";
import { infer } from "../../support/operator-oracle.ts";
import { uniform } from "../../support/random.ts";

const x = uniform([2, 7, 3, 4], 1, [-1, 1]);

describe("inputs that do not fit are refused", () => {
  test.each([
    {
      op: "Add",
      inputs: [x, uniform([5], 2)],
      message: "shapes [2, 7, 3, 4] and [5] do not broad",
    },
    {
      op: "Reshape",
      inputs: [x, intsTensor([5, -1])],
      message: "cannot reshape [2, 7, 3, 4] to [5",
    },
    { op: "Reshape", inputs: [x, intsTensor([-1, -1])], message: "cannot reshape" },
    { op: "Squeeze", inputs: [x, intsTensor([1])], message: "axis 1 of [2, 7, 3, 4] is not 1" },
    {
      op: "Unsqueeze",
      inputs: [x, intsTensor([9])],
      message: "axis 9 is outside a tensor of 5 axes",
    },
    {
      op: "Concat",
      inputs: [x, uniform([2, 7, 3, 5], 2)],
      attributes: { axis: 1 },
      message: "[2, 7, 3, 4] and [2, 7, 3, 5] differ beside axis 1",
    },
    {
      op: "Gemm",
      inputs: [uniform([2, 9], 1), uniform([5, 3], 2)],
      message: "inner lengths 9 and 5 differ",
    },
    { op: "MatMul", inputs: [x, uniform([5, 3], 2)], message: "inner lengths 4 and 5 differ" },
    {
      op: "Transpose",
      inputs: [x],
      attributes: { perm: [0, 1, 1, 3] },
      message: "perm [0, 1, 1, 3] is no order of the axes",
    },
    {
      op: "Split",
      inputs: [x, intsTensor([2, 4])],
      attributes: { axis: 1 },
      message: "parts [2, 4] do not add up to axis length 7",
    },
    { op: "Tile", inputs: [x, intsTensor([1, -2, 1, 1])], message: "shape [2, -14, 3, 4]" },
    { op: "Range", inputs: [int(3), int(5), int(0)], message: "shape [Infinity]" },
    {
      op: "Split",
      inputs: [x],
      attributes: { axis: 3, num_outputs: 3 },
      message: "3 parts of an axis of length 4",
    },
    {
      op: "BatchNormalization",
      inputs: [x, ...[2, 3, 4, 5].map((seed) => uniform([6], seed))],
      message: "input 1 has shape [6], wanted [7]",
    },
    {
      op: "Gemm",
      inputs: [uniform([2, 3, 4], 1), uniform([4, 5], 2)],
      message: "wants a tensor of 2 axes, got shape [2, 3, 4]",
    },
    { op: "MatMul", inputs: [uniform([], 1), x], message: "a scalar is no matrix" },
    { op: "MatMul", inputs: [x, uniform([], 1)], message: "a scalar is no matrix" },
    {
      op: "Einsum",
      inputs: [uniform([3, 4], 1), uniform([4, 5], 2)],
      attributes: { equation: "ij->ij" },
      message: "'ij->ij' on [3, 4] and [4, 5]",
    },
    {
      op: "Einsum",
      inputs: [uniform([3, 4], 1), uniform([4, 5, 2], 2)],
      attributes: { equation: "ij,jk->ik" },
      message: "'ij,jk->ik' on [3, 4] and [4, 5, 2]",
    },
    {
      op: "ConvTranspose",
      inputs: [x, uniform([6, 2, 3, 3], 2)],
      message: "input [2, 7, 3, 4] has 7 channels, the weights want 6",
    },
    {
      op: "ConvTranspose",
      inputs: [x, uniform([7, 2, 3, 3], 2)],
      attributes: { group: 2 },
      message: "input [2, 7, 3, 4] has 7 channels",
    },
    {
      op: "ConvTranspose",
      inputs: [x, uniform([7, 2, 3], 2)],
      message: "weights of 3 axes on [2, 7, 3, 4]",
    },
    {
      op: "ConvTranspose",
      inputs: [x, uniform([7, 2, 1, 1], 2)],
      attributes: { pads: [2, 0, 1, 0] },
      message: "the padding leaves nothing of the output: [0, 4]",
    },
    {
      op: "Pad",
      inputs: [x, intsTensor([0, 0, -2, 0, 0, 0, -2, 0])],
      message: "the padding takes away more than there is of [2, 7, 3, 4]",
    },
    {
      op: "DepthToSpace",
      inputs: [x],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide the channels of [2, 7, 3, 4]",
    },
    {
      op: "DepthToSpace",
      inputs: [uniform([2, 8, 3], 1)],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide the channels of [2, 8, 3]",
    },
    {
      op: "DepthToSpace",
      inputs: [uniform([2, 8, 3, 4, 5], 1)],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide the channels of [2, 8, 3, 4, 5]",
    },
    {
      op: "SpaceToDepth",
      inputs: [x],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide [2, 7, 3, 4]",
    },
    {
      op: "SpaceToDepth",
      inputs: [uniform([2, 7, 4, 3], 1)],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide [2, 7, 4, 3]",
    },
    {
      op: "SpaceToDepth",
      inputs: [uniform([2, 4, 4, 4, 4], 1)],
      attributes: { blocksize: 2 },
      message: "blocks of 2 do not divide [2, 4, 4, 4, 4]",
    },
    {
      op: "Slice",
      inputs: [x, intsTensor([0, 0]), intsTensor([1, 1]), intsTensor([2])],
      message: "starts, ends, axes and steps differ in length",
    },
    {
      op: "Slice",
      inputs: [x, intsTensor([0]), intsTensor([1, 1])],
      message: "starts, ends, axes and steps differ in length",
    },
    {
      op: "GatherElements",
      inputs: [x, intsTensor([0, 1])],
      message: "indices [2] on a tensor [2, 7, 3, 4]",
    },
    {
      op: "GatherND",
      inputs: [uniform([2, 7], 1), { ...intsTensor([0, 1, 2]), shape: [1, 3] }],
      message: "indices [1, 3] on a tensor [2, 7]",
    },
    {
      op: "GatherND",
      inputs: [uniform([2, 7], 1), { ...intsTensor([0, 1, 2, 3]), shape: [2, 2] }],
      attributes: { batch_dims: 1 },
      message: "indices [2, 2] on a tensor [2, 7]",
    },
    { op: "GatherND", inputs: [x, int(1)], message: "indices [] on a tensor [2, 7, 3, 4]" },
    { op: "TopK", inputs: [x, intsTensor([5])], message: "the first 5 of an axis of [2, 7, 3, 4]" },
    { op: "TopK", inputs: [x, intsTensor([-1])], message: "the first -1 of an axis of" },
    {
      op: "GRU",
      inputs: [uniform([5, 2], 1), uniform([1, 9, 2], 2), uniform([1, 9, 3], 3)],
      message: "wants steps of 3 axes, got [5, 2]",
    },
    {
      op: "GRU",
      inputs: [uniform([5, 1, 2], 1), uniform([1, 9, 2], 2), uniform([2, 9, 3], 3)],
      message: "weights [1, 9, 2] and [2, 9, 3] on steps [5, 1, 2]",
    },
    {
      op: "GRU",
      inputs: [uniform([5, 1, 2], 1), uniform([1, 9, 4], 2), uniform([1, 9, 3], 3)],
      message: "weights [1, 9, 4] and [1, 9, 3] on steps [5, 1, 2]",
    },
  ])("$op: $message", ({ message, ...given }) => {
    const inferring = () => infer(given, (tensor) => tensor.type === "int64");
    expect(inferring).toThrow(ShapeMismatchError);
    expect(inferring).toThrow(message);
  });

  test.each([
    {
      name: "an operator nobody knows",
      given: { op: "Mystery", inputs: [x] },
      error: UnknownOperatorError,
      message: "Mystery 'y0': operator is not known",
    },
    {
      name: "a shape that depends on the image",
      given: { op: "Reshape", inputs: [x, intsTensor([-1])] },
      error: ModelError,
      message:
        "input 1 ('x1') decides the output's shape but depends on the image; choose a layer before it",
    },
    {
      name: "a shape of fractions",
      given: { op: "Expand", inputs: [x, floatTensor([1], [2.5])] },
      isConstant: () => true,
      error: ModelError,
      message: "input 1 must hold integers, got float32",
    },
    {
      name: "a shape of an unknown type",
      given: { op: "Expand", inputs: [x, { type: "opaque", shape: [1], onnxType: 8 } as const] },
      isConstant: () => true,
      error: ModelError,
      message: "input 1 ('x1') must hold numbers, got ONNX type 8",
    },
    {
      name: "types that do not go together",
      given: { op: "Add", inputs: [x, boolScalar(true)] },
      error: ModelError,
      message: "inputs have types float32 and bool",
    },
    {
      name: "a first input left out",
      given: { op: "Relu", inputs: [null] },
      error: ModelError,
      message: "Relu 'y0': input 0 is missing",
    },
    {
      name: "a second input left out",
      given: { op: "Unsqueeze", inputs: [x] },
      error: ModelError,
      message: "Unsqueeze 'y0': input 1 is missing",
    },
  ])("$name", ({ given, error, message, isConstant = () => false }) => {
    const inferring = () => infer(given, isConstant);
    expect(inferring).toThrow(error);
    expect(inferring).toThrow(message);
  });
});

test("a message is no longer than a thousand characters, whatever is in the file", () => {
  const letters = "a".repeat(1_000);
  expect(new ModelError(letters).message).toBe(letters);
  expect(new ModelError(`${letters}b`).message).toBe(`${letters}...`);
});
