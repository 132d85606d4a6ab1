import type { Facts } from "../../onnx/facts.ts";
import type { Node } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import { countTo, stridesOf } from "../../onnx/operators/elements.ts";
import { parseGemm } from "../../onnx/operators/matrix.ts";
import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { Element } from "./passed-on.ts";

/** What a node multiplies a part of its input with, to make one element of its output. */
export interface Weighted {
  /** Of a convolution any place of the channel, as the kernel says where; else the very one. */
  readonly element: Element;
  /** Of a convolution; one number of any other. */
  readonly kernel: readonly number[];
  /** [...spatial axes]; empty where the kernel is one number. */
  readonly kernelShape: readonly number[];
}

/**
 * The weights by which a node makes an element of its output; `null` of a node that has none that
 * are constant.
 *
 * A kernel lies as the output sees its input: of a ConvTranspose it is turned round.
 */
export function weightsOfNode(
  node: Node,
  output: Element,
  facts: Facts,
): readonly Weighted[] | null {
  if (node.domain !== "") return null;
  const tensors = node.inputs.map((value) => {
    const constant = facts.get(value)?.constant;
    return constant?.type === "float32" ? constant : null;
  });
  const step = { node, output, facts };
  switch (node.op) {
    case "Conv":
      return tensors[1] ? convolved(step, tensors[1]) : null;
    case "ConvTranspose":
      return tensors[1] ? convolvedBack(step, tensors[1]) : null;
    case "Gemm": {
      const { alpha, transA, transB } = parseGemm(node);
      if (!tensors[1] || transA === 1) return null;
      return ofMatrix(step, tensors[1], { index: 0, isTurned: transB === 1, scale: alpha });
    }
    case "MatMul": {
      const index = tensors[0] ? 1 : 0;
      const matrix = tensors[1 - index];
      if (matrix?.shape.length !== 2) return null;
      return ofMatrix(step, matrix, { index, isTurned: index === 1, scale: 1 });
    }
    default:
      return null;
  }
}

interface Step {
  readonly node: Node;
  readonly output: Element;
  readonly facts: Facts;
}

/** W [M, C / group, ...kernel] */
function convolved({ node, output, facts }: Step, { shape, data }: FloatTensor): Weighted[] {
  const [filters = 1, perGroup = 1, ...kernelShape] = shape;
  const group = intAttribute(node, "group", 1);
  const filter = output.place[1]!;
  const first = Math.floor(filter / (filters / group)) * perGroup;
  const size = sizeOf(kernelShape);
  return countTo(perGroup).map((i) => {
    const start = (filter * perGroup + i) * size;
    return {
      element: channelOf({ node, facts }, first + i),
      kernel: [...data.subarray(start, start + size)],
      kernelShape,
    };
  });
}

/** W [C, M / group, ...kernel] */
function convolvedBack({ node, output, facts }: Step, { shape, data }: FloatTensor): Weighted[] {
  const [channels = 1, filters = 1, ...kernelShape] = shape;
  const perGroup = channels / intAttribute(node, "group", 1);
  const filter = output.place[1]!;
  const first = Math.floor(filter / filters) * perGroup;
  const size = sizeOf(kernelShape);
  return countTo(perGroup).map((i) => {
    const start = ((first + i) * filters + (filter % filters)) * size;
    return {
      element: channelOf({ node, facts }, first + i),
      kernel: [...data.subarray(start, start + size)].toReversed(),
      kernelShape,
    };
  });
}

/** A place in the middle of a channel of a convolution's input. */
function channelOf({ node, facts }: Omit<Step, "output">, channel: number): Element {
  const value = node.inputs[0]!;
  const [, , ...spatial] = facts.get(value)?.shape ?? [];
  return { value, place: [0, channel, ...spatial.map((length) => Math.floor(length / 2))] };
}

interface OfMatrix {
  /** Which input is multiplied: from the left (1), or from the right (0). */
  readonly index: 0 | 1;
  /** Whether the sum goes along the matrix's second axis. */
  readonly isTurned: boolean;
  readonly scale: number;
}

/** @param matrix [K, N], or turned [N, K] */
function ofMatrix(
  { node, output: { place } }: Step,
  { shape, data }: FloatTensor,
  { index, isTurned, scale }: OfMatrix,
): Weighted[] {
  const value = node.inputs[index]!;
  // a vector has one axis alone
  const summed = Math.max(place.length - 1 - index, 0);
  const column = place[summed]!;
  const [byRow, byColumn] = stridesOf(shape);
  const [step, start] = isTurned ? [byColumn!, byRow! * column] : [byRow!, byColumn! * column];
  return countTo(shape[isTurned ? 1 : 0]!).map((k) => ({
    element: { value, place: place.with(summed, k) },
    kernel: [scale * data[start + k * step]!],
    kernelShape: [],
  }));
}
