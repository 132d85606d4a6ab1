import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { nodeError } from "../../onnx/node.ts";
import {
  type Convolution,
  parseConv,
  parseConvTranspose,
} from "../../onnx/operators/convolution.ts";
import type { Inputs } from "../../onnx/operators/inputs.ts";
import { padsOf, span } from "../../onnx/operators/window.ts";
import { interleaveZeros } from "../interleave-zeros.ts";
import { padByConcat, padWith } from "../padding.ts";
import { slice } from "../shaping.ts";
import { flippedWeight } from "./flipped-conv.ts";
import { constantWeight } from "./weight.ts";

/** A node to be emitted in other operators. */
export interface Lowered {
  readonly graph: GraphBuilder;
  readonly node: Node;
  readonly facts: Inputs;
}

/** A Conv that WebGPU has wrong or lacks, in others. */
export function lowerConv({ graph, node, facts }: Lowered): Value | null {
  const convolution = parseConv(node, facts);
  const { windows, group } = convolution;
  const [outputs = 1, inputs = 1] = facts[1]!.shape;
  if (group > 1 && (windows.length === 3 || areGroupsMixed(outputs, group))) {
    return inGroups(graph, node, convolution);
  }
  if (areInputsMixed({ outputs, inputs }, convolution)) {
    return withMoreInputs(graph, node, VECTOR - (inputs % VECTOR));
  }
  // taken for a product of matrices, whose pads are forgotten
  const isWhole = windows.every(({ input, kernel, padBegin }) => input === kernel && !padBegin);
  const isProduct = isWhole || isOfPixels(windows);
  if (!isProduct || windows.every(({ padEnd }) => padEnd === 0)) return null;
  const none = windows.map(() => 0);
  const pads = { begins: [0, 0, ...none], ends: [0, 0, ...windows.map(({ padEnd }) => padEnd)] };
  const [x = "", ...rest] = node.inputs;
  // ONNX Runtime would put a Pad back into the Conv
  const padded = padByConcat(graph, x, pads, 0);
  const attributes = { ...node.attributes, auto_pad: "NOTSET", pads: [...none, ...none] };
  return graph.emit("Conv", [padded, ...rest], attributes);
}

/** Whether each pixel is an output of its own, up to pads at the ends. */
function isOfPixels(windows: Convolution["windows"]): boolean {
  return windows.every(({ kernel, stride, padBegin }) => kernel === 1 && stride === 1 && !padBegin);
}

/** Channels that a shader takes at once where their number allows it. */
const VECTOR = 4;

/**
 * A shader takes 4 outputs, or 2, at once where the number of all outputs allows it, though half of
 * them may belong to the next group.
 */
function areGroupsMixed(outputs: number, group: number): boolean {
  const each = outputs / group;
  const atOnce = [VECTOR, 2].find((count) => outputs % count === 0) ?? 1;
  return each >= VECTOR && each % atOnce !== 0;
}

/**
 * Inputs by threes, as red, green and blue come, are read as if there were three of them, where 4
 * outputs are made at once.
 */
function areInputsMixed(
  { outputs, inputs }: { readonly outputs: number; readonly inputs: number },
  { windows, group }: Convolution,
): boolean {
  if (group > 1 || windows.length === 3 || outputs % VECTOR !== 0) return false;
  const isProduct = isOfPixels(windows) && windows.every(({ padEnd }) => padEnd === 0);
  return !isProduct && inputs > 3 && inputs % 3 === 0 && inputs % VECTOR !== 0;
}

/** With channels of zeros after the others. */
function withMoreInputs(graph: GraphBuilder, node: Node, count: number): Value {
  const [x = "", weight = "", ...rest] = node.inputs;
  const padded = [x, weight].map((value) => {
    const none = graph.shapeOf(value).map(() => 0);
    return padByConcat(graph, value, { begins: none, ends: none.with(1, count) }, 0);
  });
  return graph.emit("Conv", [...padded, ...rest], node.attributes);
}

/** Each group by itself. */
function inGroups(graph: GraphBuilder, node: Node, { windows, group }: Convolution): Value {
  const [x = "", weight = "", bias] = node.inputs;
  const partOf = (value: Value, axis: number, i: number) => {
    const size = graph.shapeOf(value)[axis]! / group;
    return slice(graph, value, { axis, start: i * size, end: (i + 1) * size });
  };
  const parts = Array.from({ length: group }, (_, i) => {
    const inputs = [partOf(x, 1, i), partOf(weight, 0, i), ...(bias ? [partOf(bias, 0, i)] : [])];
    const attributes = { ...node.attributes, auto_pad: "NOTSET", pads: padsOf(windows), group: 1 };
    return graph.emit("Conv", inputs, attributes);
  });
  return graph.emit("Concat", parts, { axis: 1 });
}

/**
 * A ConvTranspose that WebGPU has wrong or lacks, as a Conv of its input with zeros between the
 * elements and the kernel reversed.
 *
 * @throws ModelError if the kernel is computed while the network runs
 */
export function lowerConvTranspose({ graph, node, facts }: Lowered): Value | null {
  const { windows, group } = parseConvTranspose(node, facts);
  const [channels = 1, outputs = 1] = facts[1]!.shape;
  const isWrong = group > 1 && outputs === 1 && channels > group;
  if (windows.length < 3 && !isWrong) return null;
  const weight = constantWeight(graph, node.inputs[1]!);
  if (weight === null) {
    throw nodeError(node, "WebGPU needs its weight to be constant; render it on the CPU");
  }
  const begins = windows.map((window) => span(window) - 1 - window.padBegin);
  const ends = windows.map((window) => span(window) - 1 - window.padEnd + window.outputPadding);
  const spread = windows.reduce(
    (value, { stride }, i) => interleaveZeros(graph, value, i + 2, stride),
    node.inputs[0]!,
  );
  const padded = padWith(graph, spread, { begins: [0, 0, ...begins], ends: [0, 0, ...ends] }, 0);
  const bias = node.inputs[2];
  const inputs = [padded, graph.constant(flippedWeight(weight, group)), ...(bias ? [bias] : [])];
  return graph.emit("Conv", inputs, {
    dilations: windows.map(({ dilation }) => dilation),
    group,
  });
}
