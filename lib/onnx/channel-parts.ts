import type { Node } from "./model.ts";
import { intsAttribute } from "./node.ts";
import { reducedAxes } from "./operators/reduce.ts";
import type { StaticGraph } from "./static-graph.ts";
import { sizeOf } from "./tensor.ts";

/** A node, as it makes one value of another. */
export interface Step {
  readonly node: Node;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly facts: StaticGraph["facts"];
}

export const RESHAPES: ReadonlySet<string> = new Set([
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
]);

export const REDUCTIONS: ReadonlySet<string> = new Set(
  `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare`.split(/\s+/),
);

export const permutation = ({ node, from }: Pick<Step, "node" | "from">): readonly number[] =>
  intsAttribute(node, "perm", [...from.keys()].toReversed());

/**
 * Where the parts lie that a Reshape split channels into, as it splits [N, C r r, H, W] to shuffle
 * pixels, [N, C, r, r, H, W]: one of them may join the places, another be reduced, and what is left
 * is the channels.
 *
 * @param parts axes of the value before, in the channels' order
 * @returns axes of the value behind that hold nothing but parts, in the same order; none where they
 *   are not followed
 */
export function partsAfter(step: Step, parts: readonly number[]): readonly number[] {
  const { node, from, to } = step;
  if (node.op === "Transpose") return parts.map((axis) => permutation(step).indexOf(axis));
  if (RESHAPES.has(node.op)) return reshapedParts(step, parts);
  if (REDUCTIONS.has(node.op)) {
    const taken = takenAxes(step);
    const kept = parts.filter((axis) => !taken.includes(axis));
    if (from.length === to.length) return kept;
    return kept.map((axis) => axis - taken.filter((each) => each < axis).length);
  }
  return KEEPS_AXES.has(node.op) && from.join() === to.join() ? parts : [];
}

/** Those that a reduction takes. */
export function takenAxes({ node, facts }: Pick<Step, "node" | "facts">): readonly number[] {
  return reducedAxes(
    node,
    node.inputs.map((value) => facts.get(value) ?? null),
  );
}

/** The elements stay in order: an axis is where those before it are as many. */
function reshapedParts({ from, to }: Step, parts: readonly number[]): readonly number[] {
  const ends = (shape: readonly number[], axis: number) =>
    [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(0, axis + 1))] as const;
  const long = (shape: readonly number[]) => [...shape.keys()].filter((axis) => shape[axis]! > 1);
  const meets = (axis: number, target: number) => {
    const [[start, end], [first, last]] = [ends(from, axis), ends(to, target)];
    return start < last && first < end;
  };
  const pure = long(to).filter((target) =>
    long(from).every((axis) => parts.includes(axis) || !meets(axis, target)),
  );
  const inOrder = parts.flatMap((axis) => pure.filter((target) => meets(axis, target)));
  return [...new Set(inOrder)].filter((target) => target > 0);
}

/** Elementwise, of one value or of two of its shape. */
const KEEPS_AXES: ReadonlySet<string> = new Set(
  (
    "Abs Add BatchNormalization Cast Clip Div Dropout Elu Erf Exp Gelu HardSigmoid HardSwish " +
    "Identity LeakyRelu Log Max Min Mul Neg PRelu Pow Reciprocal Relu Sigmoid Softmax Softplus " +
    "Sqrt Sub Tanh"
  ).split(" "),
);
