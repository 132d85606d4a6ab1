import { ModelError } from "../../onnx/errors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Node, Value } from "../../onnx/model.ts";
import { describeNode } from "../../onnx/node.ts";
import {
  type Convolution,
  parseConv,
  parseConvTranspose,
} from "../../onnx/operators/convolution.ts";
import type { Inputs } from "../../onnx/operators/inputs.ts";
import { padsOf, span } from "../../onnx/operators/window.ts";
import { interleaveZeros } from "../interleave-zeros.ts";
import { crop, padByConcat, padWith } from "../padding.ts";
import { slice } from "../shaping.ts";
import { flippedWeight } from "./flipped-conv.ts";
import { constantWeight } from "./weight.ts";

interface Lowered {
  readonly graph: GraphBuilder;
  readonly node: Node;
  readonly facts: Inputs;
}

/** A Conv that WebGPU has wrong or lacks, in others. */
export function lowerConv({ graph, node, facts }: Lowered): Value | null {
  const convolution = parseConv(node, facts);
  const { windows, group } = convolution;
  if (windows.length === 3 && group > 1) return inGroups(graph, node, convolution);
  // taken for a product of matrices, whose pads are forgotten
  const isWhole = windows.every(({ input, kernel, padBegin }) => input === kernel && !padBegin);
  if (!isWhole || windows.every(({ padEnd }) => padEnd === 0)) return null;
  const none = windows.map(() => 0);
  const pads = { begins: [0, 0, ...none], ends: [0, 0, ...windows.map(({ padEnd }) => padEnd)] };
  const [x = "", ...rest] = node.inputs;
  // ONNX Runtime would put a Pad back into the Conv
  const padded = padByConcat(graph, x, pads, 0);
  const attributes = { ...node.attributes, auto_pad: "NOTSET", pads: [...none, ...none] };
  return graph.emit("Conv", [padded, ...rest], attributes);
}

/** Each group by itself: there is no kernel for those of three axes together. */
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
    throw new ModelError(
      `${describeNode(node)}: WebGPU needs its weight to be constant; render it on the CPU`,
    );
  }
  const begins = windows.map((window) => span(window) - 1 - window.padBegin);
  const ends = windows.map((window) => span(window) - 1 - window.padEnd + window.outputPadding);
  const spread = windows.reduce(
    (value, { stride }, i) => interleaveZeros(graph, value, i + 2, stride),
    node.inputs[0]!,
  );
  const positive = (pads: readonly number[]) => [0, 0, ...pads.map((pad) => Math.max(pad, 0))];
  const excess = (pads: readonly number[]) => positive(pads.map((pad) => -pad));
  const read = crop(graph, spread, { begins: excess(begins), ends: excess(ends) });
  const padded = padWith(graph, read, { begins: positive(begins), ends: positive(ends) }, 0);
  const bias = node.inputs[2];
  const inputs = [padded, graph.constant(flippedWeight(weight, group)), ...(bias ? [bias] : [])];
  return graph.emit("Conv", inputs, {
    dilations: windows.map(({ dilation }) => dilation),
    group,
  });
}
