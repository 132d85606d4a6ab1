import { test } from "vitest";

import { floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { type Batched, checkBatch, length } from "../support/check-batch.ts";
import { node } from "../support/onnx-writer.ts";

const networks: Readonly<Record<string, Batched>> = {
  "products with what is made for so many": [
    [
      ...length,
      node("Concat", "one one", "square", { axis: 0 }),
      node("ConstantOfShape", "square", "ones", { value: { tensor: floatTensor([1], [1]) } }),
      node("ReduceMean", "image behind", "means", { keepdims: 0 }),
      node("ReduceMean", "image ends", "rows", { keepdims: 0 }),
      node("MatMul", "ones means", "sums"),
      node("Unsqueeze", "sums last", "column"),
      node("Tanh", "column", "curved"),
      node("MatMul", "means ones", "sameSums"),
      node("Unsqueeze", "sameSums last", "sameColumn"),
      node("Sin", "sameColumn", "waves"),
      node("MatMul", "ones rows", "sumsOfRows"),
      node("Gemm", "ones rows", "rowSums"),
      node("Gemm", "rows ones", "turnedSums", { transA: 1 }),
      node("Gemm", "rows mixing rows", "ofEach"),
    ],
    ["rows", "ofEach"],
  ],
  "convolved with what they make": [
    [
      ...length,
      node("Concat", "one one second second", "plane", { axis: 0 }),
      node("ConstantOfShape", "plane", "ones", { value: { tensor: floatTensor([1], [1]) } }),
      node("ReduceMean", "image ends", "kernels"),
      node("Conv", "extra kernels", "seen"),
      node("Transpose", "seen", "seenApart", { perm: [1, 0, 2, 3] }),
      node("ReduceMean", "image behind", "means"),
      node("ConvTranspose", "ones means", "sums"),
      node("Transpose", "means", "turned", { perm: [1, 0, 2, 3] }),
      node("ConvTranspose", "planes turned", "seenAgain"),
      node("Transpose", "seenAgain", "seenAgainApart", { perm: [1, 0, 2, 3] }),
      node("Conv", "ones turned", "sameSums"),
    ],
    ["kernels", "seenApart", "means", "seenAgainApart"],
  ],
  "products of all with each other": [
    [
      node("Sin", "image", "other"),
      node("Flatten", "other", "rows"),
      node("Einsum", "rows rows", "products", { equation: "ij,kj->ik" }),
    ],
    ["other"],
  ],
  "a sum, a shift, a shape and the largest of all": [
    [
      node("CumSum", "image none", "sums"),
      node("Pad", "image shifted", "next"),
      node("TopK", "image second", "largest which", { axis: 0 }),
      node("Hardmax", "image", "hard", { axis: 0 }),
      node("CumSum", "image each", "ofChannels"),
    ],
    ["ofChannels"],
  ],
  "as waves over all, and over what is behind them": [
    [
      node("Unsqueeze", "image last", "parts"),
      node("DFT", "parts", "waves", { axis: 0 }),
      node("DFT", "parts", "wavesOfRows", { axis: 2 }),
    ],
    ["wavesOfRows"],
  ],
  "behind the channels": [
    [
      node("Transpose", "image", "turned", { perm: [2, 1, 0, 3] }),
      node("MaxPool", "turned", "pooled", { kernel_shape: [3, 1], pads: [1, 0, 1, 0] }),
      node("Transpose", "pooled", "back", { perm: [2, 1, 0, 3] }),
      node("AveragePool", "turned", "mean", { kernel_shape: [3, 1], pads: [1, 0, 1, 0] }),
      node("Transpose", "mean", "meanBack", { perm: [2, 1, 0, 3] }),
      node("InstanceNormalization", "turned scale scale", "normal"),
      node("Transpose", "normal", "normalBack", { perm: [2, 1, 0, 3] }),
      ...["Conv", "ConvTranspose"].flatMap((op) => [
        node(op, "turned upright", op, { pads: [1, 0, 1, 0] }),
        node("Transpose", op, `${op}Back`, { perm: [2, 1, 0, 3] }),
      ]),
      node("Transpose", "image", "asChannels", { perm: [1, 0, 2, 3] }),
      node("LRN", "asChannels", "dimmed", { size: 3 }),
      node("Transpose", "dimmed", "dimmedBack", { perm: [1, 0, 2, 3] }),
      node("Transpose", "turned", "again", { perm: [2, 1, 0, 3] }),
    ],
    ["turned", "asChannels", "again"],
  ],
  "behind all else": [
    [
      ...length,
      node("Transpose", "image", "turned", { perm: [1, 2, 3, 0] }),
      ...["Softmax", "LogSoftmax", "Hardmax"].flatMap((op) => [
        node(op, "turned", op),
        node("Transpose", op, `${op}Back`, { perm: [3, 0, 1, 2] }),
      ]),
      node("TopK", "turned one", "sorted order"),
      node("Transpose", "sorted", "back", { perm: [3, 0, 1, 2] }),
      node("Transpose", "image", "before", { perm: [2, 3, 0, 1] }),
      node("Trilu", "before", "above"),
      node("Transpose", "above", "aboveBack", { perm: [2, 3, 0, 1] }),
    ],
    ["turned", "before"],
  ],
  "found in each, and in all": [
    [
      node("ReduceMean", "image ends", "rows", { keepdims: 0 }),
      node("ArgMax", "rows", "which", { axis: 1, keepdims: 0 }),
      node("Unsqueeze", "which last", "tuples"),
      node("GatherND", "image tuples", "strongest", { batch_dims: 1 }),
      node("Transpose", "image", "turned", { perm: [1, 0, 2, 3] }),
      node("GatherND", "turned first", "one"),
      node("Transpose", "one", "ofEach", { perm: [1, 0, 2, 3] }),
      node("Shape", "rows", "lengths"),
      node("ConstantOfShape", "lengths", "zeros", { value: { tensor: intsTensor([0]) } }),
      node("GatherElements", "rows zeros", "ofFirst"),
    ],
    ["rows", "strongest", "turned", "ofEach"],
  ],
  "scattered over all": [
    [
      node("Shape", "image", "lengths"),
      node("ConstantOfShape", "lengths", "zeros", { value: { tensor: intsTensor([0]) } }),
      node("Sin", "image", "other"),
      node("ScatterElements", "image zeros other", "replaced", { axis: 0 }),
      node("Tanh", "replaced", "curved"),
    ],
    ["other"],
  ],
  "scattered over nothing": [
    [
      node("Shape", "image", "lengths"),
      node("ConstantOfShape", "lengths", "nothing"),
      node("ConstantOfShape", "lengths", "zeros", { value: { tensor: intsTensor([0]) } }),
      node("Sin", "image", "other"),
      node("ScatterElements", "nothing zeros other", "replaced", { axis: 0 }),
      node("Tanh", "replaced", "curved"),
    ],
    ["other"],
  ],
  "taken from where each image says": [
    [
      node("ReduceMean", "image ends", "mean", { keepdims: 0 }),
      node("ArgMax", "mean", "strongest", { axis: 1, keepdims: 0 }),
      node("Sub", "strongest strongest", "nothing"),
      node("Gather", "image nothing", "taken"),
      node("Unsqueeze", "nothing last", "tuples"),
      node("GatherND", "image tuples", "found"),
      node("Add", "taken found", "both"),
      node("Gather", "mixing strongest", "lookedUp"),
    ],
    ["mean", "lookedUp"],
  ],
  "replaced by what is made for one": [
    [
      node("Transpose", "image", "turned", { perm: [1, 2, 3, 0] }),
      node("ScatterND", "turned first update", "replaced"),
      node("Transpose", "replaced", "back", { perm: [3, 0, 1, 2] }),
    ],
    ["turned"],
  ],
  "replaced in front of them": [
    [
      node("Transpose", "image", "turned", { perm: [1, 0, 2, 3] }),
      node("Slice", "turned second two zero", "middle"),
      node("ScatterND", "turned first middle", "replaced"),
      node("Reshape", "turned leading", "tall"),
      node("Tanh", "tall", "curved"),
    ],
    ["turned", "replaced"],
  ],
};

test.each(Object.entries(networks))("%s: no image is mixed with another", (_, made) =>
  checkBatch(made),
);
