import type { Facts } from "../../onnx/facts.ts";
import type { Node } from "../../onnx/model.ts";
import { intAttribute } from "../../onnx/node.ts";
import { countTo, stridesOf } from "../../onnx/operators/elements.ts";
import { parseGemm } from "../../onnx/operators/matrix.ts";
import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { Element } from "./passed-on.ts";

/** How a node makes each element of its output: a sum of elements of its input, by weights. */
export interface NodeWeights {
  /** [...spatial axes] of a convolution's kernels; empty where a kernel is one number. */
  readonly kernelShape: readonly number[];
  /** Elements of one number here are made of the same elements of the input. */
  readonly groupOf: (output: Element) => number;
  /** Of a convolution any place of each channel, as the kernel says where; else the very ones. */
  readonly inputsOf: (output: Element) => readonly Element[];
  /**
   * By which an input, counted as by `inputsOf`, is weighed: as the output sees it, so that of a
   * ConvTranspose it is turned round.
   */
  readonly kernelOf: (output: Element, input: number) => readonly number[];
}

/** @returns `null` of a node that has no weights that are constant */
export function weightsOfNode(node: Node, facts: Facts): NodeWeights | null {
  if (node.domain !== "") return null;
  const [first = null, second = null] = node.inputs.map((value) => {
    const constant = facts.get(value)?.constant;
    return constant?.type === "float32" ? constant : null;
  });
  switch (node.op) {
    case "Conv":
      return second && convolved(node, second, facts);
    case "ConvTranspose":
      return second && convolvedBack(node, second, facts);
    case "Gemm": {
      const { alpha, transA, transB } = parseGemm(node);
      if (transA === 1) return null;
      return second && ofMatrix(node, second, { index: 0, isTurned: transB === 1, scale: alpha });
    }
    case "MatMul": {
      const index = first === null ? 0 : 1;
      const matrix = first ?? second;
      if (matrix?.shape.length !== 2) return null;
      return ofMatrix(node, matrix, { index, isTurned: index === 1, scale: 1 });
    }
    default:
      return null;
  }
}

/** W [M, C / group, ...kernel] */
function convolved(node: Node, { shape, data }: FloatTensor, facts: Facts): NodeWeights {
  const [filters = 1, perGroup = 1, ...kernelShape] = shape;
  const perGroupMade = filters / intAttribute(node, "group", 1);
  const size = sizeOf(kernelShape);
  return {
    kernelShape,
    ...ofGroups(node, facts, { perGroup, perGroupMade }),
    kernelOf: ({ place }, input) => {
      const start = (place[1]! * perGroup + input) * size;
      return [...data.subarray(start, start + size)];
    },
  };
}

/** W [C, M / group, ...kernel] */
function convolvedBack(node: Node, { shape, data }: FloatTensor, facts: Facts): NodeWeights {
  const [channels = 1, perGroupMade = 1, ...kernelShape] = shape;
  const perGroup = channels / intAttribute(node, "group", 1);
  const size = sizeOf(kernelShape);
  const groups = ofGroups(node, facts, { perGroup, perGroupMade });
  return {
    kernelShape,
    ...groups,
    kernelOf: (output, input) => {
      const channel = groups.groupOf(output) * perGroup + input;
      const start = (channel * perGroupMade + (output.place[1]! % perGroupMade)) * size;
      return [...data.subarray(start, start + size)].toReversed();
    },
  };
}

/** Channels of a group of a convolution: those that it reads, and those that it makes. */
interface Groups {
  readonly perGroup: number;
  readonly perGroupMade: number;
}

/** Which channels a convolution reads, each at a place in the middle. */
function ofGroups(
  { inputs }: Node,
  facts: Facts,
  { perGroup, perGroupMade }: Groups,
): Pick<NodeWeights, "groupOf" | "inputsOf"> {
  const value = inputs[0]!;
  const [, , ...spatial] = facts.get(value)?.shape ?? [];
  const middle = spatial.map((length) => Math.floor(length / 2));
  const groupOf = ({ place }: Element) => Math.floor(place[1]! / perGroupMade);
  return {
    groupOf,
    inputsOf: (output) => {
      const first = groupOf(output) * perGroup;
      return countTo(perGroup).map((i) => ({ value, place: [0, first + i, ...middle] }));
    },
  };
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
  node: Node,
  { shape, data }: FloatTensor,
  { index, isTurned, scale }: OfMatrix,
): NodeWeights {
  const value = node.inputs[index]!;
  const [byRow = 1, byColumn = 1] = stridesOf(shape);
  const [bySummed, byMade] = isTurned ? [byColumn, byRow] : [byRow, byColumn];
  // a vector has one axis alone
  const summedAxis = ({ place }: Element) => Math.max(place.length - 1 - index, 0);
  return {
    kernelShape: [],
    groupOf: () => 0,
    inputsOf: (output) => {
      const axis = summedAxis(output);
      return countTo(shape[isTurned ? 1 : 0]!).map((k) => ({
        value,
        place: output.place.with(axis, k),
      }));
    },
    kernelOf: (output, input) => {
      const made = output.place[summedAxis(output)]!;
      return [scale * data[made * byMade + input * bySummed]!];
    },
  };
}
