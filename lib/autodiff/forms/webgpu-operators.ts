import type { GraphBuilder, Lowering } from "../../onnx/graph-builder.ts";
import { float, type Value } from "../../onnx/model.ts";
import { intAttribute, nodeError } from "../../onnx/node.ts";
import { axisAttribute } from "../../onnx/operators/axes.ts";
import { parseSelu } from "../../onnx/operators/elementwise.ts";
import { parseBlocks } from "../../onnx/operators/layout.ts";
import { reducedAxes } from "../../onnx/operators/reduce.ts";
import { parseSplit, sliceRanges } from "../../onnx/operators/select.ts";
import { intsTensor } from "../../onnx/tensor.ts";
import { addedUp, reshapeTo, slice } from "../shaping.ts";
import { compare } from "./comparison.ts";
import { lowerConv, lowerConvTranspose, type Lowered } from "./webgpu-convolutions.ts";

/**
 * Operators that ONNX Runtime's WebGPU provider (1.29) lacks, so that they would run on the CPU
 * with copies both ways, or computes wrongly, in operators that it has right.
 *
 * Wrong or failing, as measured: a Conv whose kernel is as large as its input, or one pixel, padded
 * at the ends alone; a Conv from 6, 9, 15 channels, and so on by threes, to a multiple of four; a
 * Conv of three axes in groups, or of more than four outputs a group where four or two at once do
 * not go into them; a ConvTranspose of three axes, or with one output and several inputs in each of
 * some groups; a Slice backwards from elsewhere than the end; a Split into more than ten; a MatMul
 * with a vector; a ReduceLogSumExp of large values; a ReduceL1, ReduceL2 or ReduceSumSquare over no
 * axes, which passes on its input; Sin, Cos and Tan, and their inverses.
 */
export const webgpuLowering: Lowering = (graph, node) => {
  const lower = Object.hasOwn(LOWERINGS, node.op) ? LOWERINGS[node.op] : undefined;
  if (lower === undefined) return null;
  const facts = node.inputs.map((value) => (value ? graph.factsOf(value) : null));
  const lowered = lower({ graph, node, facts });
  return typeof lowered === "string" ? [lowered] : lowered;
};

/** `null`: the node is as it should be. */
type Lower = (lowered: Lowered) => Value | readonly Value[] | null;

/** Vulkan lets the shader language's own be off by 2^-11. */
const inexact: Lower = ({ node }) => {
  throw nodeError(node, "WebGPU computes it to three digits only; render it on the CPU");
};

/** Of an operator that has other types on the CPU alone. */
const ofFloats =
  (lower: Lower): Lower =>
  (lowered) =>
    lowered.facts[0]?.type === "float32" ? lower(lowered) : null;

/** A reduction over no axes, which makes something of each element by itself. */
function overNothing(each: (graph: GraphBuilder, x: Value) => Value): Lower {
  return ({ graph, node, facts }) =>
    reducedAxes(node, facts).length === 0 ? each(graph, node.inputs[0]!) : null;
}

/** Outputs, and one input, that a shader of WebGPU's default limits binds. */
const MOST_PARTS = 9;

const LOWERINGS: Readonly<Record<string, Lower>> = {
  Acos: inexact,
  Asin: inexact,
  Atan: inexact,
  Conv: lowerConv,
  ConvTranspose: lowerConvTranspose,
  Cos: inexact,
  Sin: inexact,
  Tan: inexact,

  // at inference it passes on what it gets
  Dropout: ({ node }) => (node.outputs.length === 1 ? node.inputs[0]! : null),

  LogSoftmax: ({ graph, node, facts }) => {
    const [x = ""] = node.inputs;
    const axis = axisAttribute(node, facts[0]!.shape.length, -1);
    return graph.emit("Sub", [x, logSumExp(graph, x, [axis])]);
  },

  MatMul: ({ graph, node, facts }) => {
    const [a = [], b = []] = facts.map((fact) => fact?.shape ?? []);
    if (a.length !== 1 && b.length !== 1) return null;
    const [left = "", right = ""] = node.inputs;
    const row = reshapeTo(graph, left, a.length === 1 ? [1, ...a] : a);
    const column = reshapeTo(graph, right, b.length === 1 ? [...b, 1] : b);
    const product = graph.emit("MatMul", [row, column]);
    const shape = graph.shapeOf(product);
    const withoutRow = a.length === 1 ? shape.toSpliced(-2, 1) : shape;
    return reshapeTo(graph, product, b.length === 1 ? withoutRow.slice(0, -1) : withoutRow);
  },

  MaxPool: ({ node }) => {
    if (node.outputs.length === 1) return null;
    throw nodeError(node, "WebGPU does not tell where maxima are; render it on the CPU");
  },

  ReduceL1: overNothing((graph, x) => graph.emit("Abs", [x])),
  ReduceL2: overNothing((graph, x) => graph.emit("Abs", [x])),
  ReduceSumSquare: overNothing((graph, x) => graph.emit("Mul", [x, x])),

  ReduceLogSumExp: ({ graph, node, facts }) => {
    const [x = ""] = node.inputs;
    const axes = reducedAxes(node, facts);
    const sum = logSumExp(graph, x, axes);
    if (intAttribute(node, "keepdims", 1) === 1) return sum;
    return reshapeTo(
      graph,
      sum,
      graph.shapeOf(sum).filter((_, axis) => !axes.includes(axis)),
    );
  },

  Selu: ({ graph, node }) => {
    const { alpha, gamma } = parseSelu(node);
    const elu = graph.emit("Elu", node.inputs, { alpha: float(alpha) });
    return graph.emit("Mul", [elu, graph.scalar(gamma)]);
  },

  Sign: ofFloats(({ graph, node }) => {
    const [x = ""] = node.inputs;
    const zero = graph.scalar(0);
    const above = compare(graph, "Greater", x, zero);
    return graph.emit("Sub", [above, compare(graph, "Greater", zero, x)]);
  }),

  Slice: ({ graph, node, facts }) => {
    if (facts.slice(1).some((fact) => fact !== null && fact.constant === undefined)) return null;
    const ranges = sliceRanges(node, facts);
    if (ranges.every(({ step }) => step > 0)) return null;
    return ranges.reduce((value, { start, step, count }, axis) => {
      if (step === 1 && count === facts[0]!.shape[axis]) return value;
      const places = Array.from({ length: count }, (_, i) => start + i * step);
      return graph.emit("Gather", [value, graph.constant(intsTensor(places))], { axis });
    }, node.inputs[0]!);
  },

  SpaceToDepth: ({ graph, node, facts }) => {
    const [n = 1, channels = 1, height = 1, width = 1] = facts[0]!.shape;
    const { blocksize: block } = parseBlocks(node);
    const [rows, columns] = [height / block, width / block];
    const apart = reshapeTo(graph, node.inputs[0]!, [n, channels, rows, block, columns, block]);
    const deep = graph.emit("Transpose", [apart], { perm: [0, 3, 5, 1, 2, 4] });
    return reshapeTo(graph, deep, [n, channels * block ** 2, rows, columns]);
  },

  Split: ({ graph, node, facts }) => {
    if (node.outputs.length <= MOST_PARTS) return null;
    const { axis, sizes } = parseSplit(node, facts);
    let start = 0;
    return sizes.map((size) => {
      const part = slice(graph, node.inputs[0]!, { axis, start, end: start + size });
      start += size;
      return part;
    });
  },

  Sum: ({ graph, node }) => addedUp(graph, node.inputs),
};

/** log(sum of e^X over the axes), of what the largest X leaves; the axes become 1. */
function logSumExp(graph: GraphBuilder, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const over = graph.ints(axes);
  const largest = graph.emit("ReduceMax", [x, over], { keepdims: 1 });
  const powers = graph.emit("Exp", [graph.emit("Sub", [x, largest])]);
  const sum = graph.emit("ReduceSum", [powers, over], { keepdims: 1 });
  return graph.emit("Add", [graph.emit("Log", [sum]), largest]);
}
