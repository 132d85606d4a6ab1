import type { Graph } from "../../lib/onnx/model.ts";
import { float } from "../../lib/onnx/model.ts";
import { boolScalar, floatTensor, intsTensor } from "../../lib/onnx/tensor.ts";
import { bodyOf, choice, loop } from "./control-flow.ts";
import { int } from "./integers.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";
import { normal, uniformSource } from "./random.ts";
import { OPERATOR_CHOICES, randomNetwork } from "./random-network.ts";

/** Models that mutants are made of: between them most of the operators, and several opsets. */
export function mutantSeeds(): readonly Uint8Array<ArrayBuffer>[] {
  const grown = Array.from({ length: 12 }, (_, seed) => writeModel(randomGraph(seed), 18));
  const written = [exporterHabits(), scriptedHabits()].map((graph) => writeModel(graph, 18));
  const old = [writeModel(oldHabits(), 9), writeModel(oldestHabits(), 1)];
  return [...grown, ...written, ...old].map((bytes) => Uint8Array.from(bytes));
}

function randomGraph(seed: number): Graph {
  const next = uniformSource(seed);
  const below = (count: number) => Math.floor(next() * count);
  const steps = Array.from({ length: 12 }, () => ({
    op: below(OPERATOR_CHOICES),
    first: below(1000),
    second: below(1000),
    seed: below(1000),
  }));
  const { nodes, initializers, layer } = randomNetwork([1, 3, 12, 14], steps);
  return sketch({
    inputs: { image: [1, 3, 12, 14] },
    nodes,
    outputs: [layer],
    initializers: Object.fromEntries(initializers),
  });
}

/** What exporters write around the layers: shape arithmetic, an If, constants, a head. */
function exporterHabits(): Graph {
  const ints = (...values: number[]) => intsTensor(values);
  const whole = sketch({ inputs: {}, nodes: [node("Identity", "b", "c")], outputs: ["c"] });
  return sketch({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [
      node("Conv", "image w", "a", { pads: [1, 1, 1, 1] }),
      node("HardSigmoid", "a", "b", { alpha: float(0.2) }),
      node("If", "yes", "c", { then_branch: { graph: whole }, else_branch: { graph: whole } }),
      node("Shape", "c", "shape"),
      node("Gather", "shape zero", "batch", { axis: 0 }),
      node("Constant", "", "rest", { value: { tensor: ints(-1) } }),
      node("Concat", "batch rest", "target", { axis: 0 }),
      node("Resize", "c _ scales", "large", { mode: "linear" }),
      node("LRN", "large", "even", { size: 3 }),
      node("Split", "even halves", "left right", { axis: 1 }),
      node("Concat", "right left", "swapped", { axis: 1 }),
      node("ReduceMean", "swapped axes", "mean", { keepdims: 1 }),
      node("Sub", "swapped mean", "centred"),
      node("ConvTranspose", "centred up", "larger", { strides: [2, 2] }),
      node("MaxPool", "larger", "pooled places", { kernel_shape: [3, 3], strides: [2, 2] }),
      node("Reshape", "pooled target", "flat"),
      node("Einsum", "flat flat", "square", { equation: "bi,bi->bi" }),
      node("Softmax", "square", "classes", { axis: 1 }),
    ],
    outputs: ["classes", "mean"],
    initializers: {
      w: normal([4, 3, 3, 3], 1),
      up: normal([4, 2, 2, 2], 2),
      yes: boolScalar(true),
      zero: ints(0),
      scales: floatTensor([4], [1, 1, 2, 2]),
      halves: ints(1, 3),
      axes: ints(2, 3),
    },
  });
}

/** What scripted modules become: loops in loops, a choice by the round, lists of values. */
function scriptedHabits(): Graph {
  const again = loop("i yes h", "h2", {
    inputs: "i_inner c_inner k",
    nodes: [node("Less", "i_inner two", "c_inner2"), node("Sigmoid", "k", "k2")],
    outputs: "c_inner2 k2",
  });
  const rounds = loop("rounds yes a", "last stack", {
    inputs: "i c h",
    nodes: [
      node("Less", "i two", "c2"),
      again,
      node("Equal", "i two", "c_even"),
      choice("c_even", "g", node("Tanh", "h2", "g_even"), node("Neg", "h2", "g_odd")),
      node("Identity", "g", "seen"),
    ],
    outputs: "c2 g seen",
  });
  const row = bodyOf({
    axes: 3,
    inputs: "state x",
    nodes: [node("Add", "state x", "next"), node("Sin", "next", "out")],
    outputs: "next out",
  });
  const along = { num_scan_inputs: 1, scan_input_axes: [2], scan_output_axes: [2] };
  return sketch({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [
      node("Conv", "image w", "a", { pads: [1, 1, 1, 1] }),
      rounds,
      node("ReduceMean", "last axes", "first", { keepdims: 0 }),
      node("Scan", "first last", "end rows", { ...along, body: { graph: row } }),
      node("SplitToSequence", "stack", "parts", { axis: 0, keepdims: 0 }),
      node("SequenceInsert", "parts rows", "all"),
      node("SequenceAt", "all two", "third"),
      node("SequenceErase", "all two", "rest"),
      node("ConcatFromSequence", "rest", "joined", { axis: 1 }),
      node("Concat", "joined third", "classes", { axis: 1 }),
    ],
    outputs: ["classes", "end"],
    initializers: {
      w: normal([4, 3, 3, 3], 1),
      rounds: int(5),
      two: int(2),
      yes: boolScalar(true),
      axes: intsTensor([2]),
    },
  });
}

/** Before opset 7, by operators that were given up too. */
function oldestHabits(): Graph {
  return sketch({
    inputs: { image: [1, 3, 8, 10] },
    nodes: [
      node("ImageScaler", "image", "scaled", { scale: float(0.1), bias: { floats: [1, 2, 3] } }),
      node("Conv", "scaled w", "a", { pads: [1, 1, 1, 1] }),
      node("Add", "a per_map", "b", { broadcast: 1, axis: 1 }),
      node("PRelu", "b per_map", "c", { consumed_inputs: [0, 0] }),
      node("Split", "c parts", "left right", { axis: 1 }),
      node("Concat", "right left", "d"),
      node("Tile", "d tiles axis", "e"),
      node("Crop", "e", "f", { border: [1, 0, 1, 2] }),
      node("Upsample", "f", "g", { height_scale: float(2), width_scale: float(2) }),
      node("RoiAlign", "g regions of", "h", { output_height: 3, output_width: 2 }),
      node("LpPool", "h", "i", { kernel_shape: [2, 2], p: float(2) }),
      node("Reshape", "i", "j", { shape: [1, -1] }),
      node("Cast", "j", "k", { to: "FLOAT" }),
      node("RandomNormalLike", "k", "noise", { mean: float(1) }),
      node("Mul", "k noise", "classes"),
    ],
    outputs: ["classes"],
    initializers: {
      w: normal([4, 3, 3, 3], 1),
      per_map: normal([4], 2),
      parts: floatTensor([2], [1, 3]),
      tiles: floatTensor([1], [2]),
      axis: floatTensor([1], [3]),
      regions: floatTensor([1, 4], [1, 1, 12, 9]),
      of: intsTensor([0]),
    },
  });
}

function oldHabits(): Graph {
  return sketch({
    inputs: { image: [null, 3, null, null] },
    nodes: [
      node("Upsample", "image scales", "large", { mode: "nearest" }),
      node("BatchNormalization", "large one one one one", "normal", { epsilon: float(1e-5) }),
      node("Pad", "normal", "padded", { pads: [0, 0, 1, 1, 0, 0, 1, 1], value: float(0.5) }),
      node("AveragePool", "padded", "pooled", { kernel_shape: [2, 2], auto_pad: "SAME_UPPER" }),
      node("Clip", "pooled", "clipped", { min: float(0), max: float(6) }),
      node("Unsqueeze", "clipped", "five", { axes: [1] }),
      node("Squeeze", "five", "four", { axes: [1] }),
      node("Slice", "four", "part", { starts: [0], ends: [2], axes: [1] }),
      node("Flatten", "part", "flat", { axis: 1 }),
      node("Dropout", "flat", "kept", { ratio: float(0.5) }),
      node("Softmax", "kept", "classes"),
    ],
    outputs: ["classes"],
    initializers: {
      scales: floatTensor([4], [1, 1, 2, 2]),
      one: floatTensor([3], [1, 1, 1]),
    },
  });
}
