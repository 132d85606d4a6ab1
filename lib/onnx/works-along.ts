import type { Node } from "./model.ts";
import { intAttribute, operatorsNamed } from "./node.ts";
import { arithmetics } from "./operators/arithmetic.ts";
import { axisAttribute, normaliseAxis } from "./operators/axes.ts";
import { parsePad } from "./operators/extend.ts";
import { constantInts, input, type Inputs } from "./operators/inputs.ts";
import { logic } from "./operators/logic.ts";
import { parseEinsum, parseGemm } from "./operators/matrix.ts";
import { layerNormalizedAxes } from "./operators/normalisation.ts";

/** One of the axes of a node's inputs. */
interface InputAxis {
  /** Which of the inputs. */
  readonly index: number;
  readonly axis: number;
}

/**
 * Whether what a node makes of one place of an input's axis depends on others, though its output
 * has an axis that is as long: it sums over the axis, standardises, sorts or shifts it, slides
 * along it, or looks up what is at computed places.
 *
 * @param inputs of the node
 */
export function worksAlong(node: Node, { index, axis }: InputAxis, inputs: Inputs): boolean {
  const { op } = node;
  const rank = input(node, inputs, index).shape.length;
  if (op === "Einsum") {
    const { terms, output } = parseEinsum(node, inputs);
    return !output.includes(terms[index]![axis]!);
  }
  if (op === "MatMul") return axis === Math.max(rank - 1 - index, 0);
  if (op === "Gemm") {
    const { transA, transB } = parseGemm(node);
    return index < 2 && axis === (index === 0 ? 1 - transA : transB);
  }
  // weights, which the images may make, have an axis that becomes that of the channels
  if (op === "Conv" && index === 1) return axis !== 0;
  if (op === "ConvTranspose" && index === 1) return axis !== 1;
  if (index > 0) return false;
  if (op === "Gather" && inputs[1]?.constant) return false;
  // their axis 0 is a batch, whatever lies along it
  if (IN_BATCHES.has(op)) return axis > 0;
  if (ALONG_AN_AXIS.has(op)) return axisAttribute(node, rank, ALONG_AN_AXIS.get(op)) === axis;
  switch (op) {
    case "LayerNormalization":
      return layerNormalizedAxes(node, rank).includes(axis);
    case "Pad":
      return parsePad(node, inputs).begins[axis] !== 0;
    case "CumSum":
    case "CumProd":
      return (constantInts(node, inputs, 1) ?? []).some(
        (each) => normaliseAxis(node, each, rank) === axis,
      );
    case "GatherND": {
      const first = intAttribute(node, "batch_dims", 0);
      return axis >= first && axis < first + input(node, inputs, 1).shape.at(-1)!;
    }
    case "Trilu":
      return axis >= rank - 2;
    default:
      return false;
  }
}

/** Operators whose inputs' axes stand above each other as counted from the last. */
export const BROADCASTING: ReadonlySet<string> = new Set([
  ...Object.keys({ ...arithmetics, ...logic }),
  "MatMul",
  "PRelu",
]);

const IN_BATCHES = operatorsNamed(
  "AveragePool Conv ConvTranspose InstanceNormalization LRN LpPool MaxPool",
);

/** By their attribute `axis`, and what that is by default. */
const ALONG_AN_AXIS: ReadonlyMap<string, number> = new Map([
  ["Gather", 0],
  ["GatherElements", 0],
  ["Hardmax", -1],
  ["LogSoftmax", -1],
  ["Softmax", -1],
  ["TopK", -1],
]);
