import type { Node } from "./model.ts";
import { operatorsNamed } from "./node.ts";
import { inputsOf } from "./operators/inputs.ts";
import { permutation } from "./operators/layout.ts";
import { reducedAxes } from "./operators/reduce.ts";
import type { StaticGraph } from "./static-graph.ts";

/** A node, as it makes one value of another. */
export interface Step {
  readonly node: Node;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly facts: StaticGraph["facts"];
}

export const RESHAPES = operatorsNamed("Reshape Flatten Squeeze Unsqueeze");

export const REDUCTIONS = operatorsNamed(`
  ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare
`);

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
  if (node.op === "Transpose") return parts.map((axis) => permutation(node, from).indexOf(axis));
  if (RESHAPES.has(node.op)) return reshapedParts(step, parts);
  if (REDUCTIONS.has(node.op)) {
    const taken = takenAxes(step);
    const kept = parts.filter((axis) => !taken.includes(axis));
    if (from.length === to.length) return kept;
    return kept.map((axis) => axis - taken.filter((each) => each < axis).length);
  }
  return isElementwise(step) ? parts : [];
}

function isElementwise({ node, from, to }: Step): boolean {
  return KEEPS_AXES.has(node.op) && from.join() === to.join();
}

/** Those that a reduction takes. */
export function takenAxes({ node, facts }: Pick<Step, "node" | "facts">): readonly number[] {
  return reducedAxes(node, inputsOf(node, facts));
}

/**
 * Which elements are channels that a Reshape puts together with the batch, as [N C H / 2, 2, W / 2,
 * 2]: those before and behind their axis stay as many, however what follows is turned.
 *
 * @param span of the value before, where they were so already
 * @returns axis 0 as long as they are together; `null` where they are not, or not followed
 */
export function mergedAfter(
  step: Step,
  axis: number,
  span: Span | null,
): { readonly axis: number; readonly span: Span | null } | null {
  const { node, from, to } = step;
  if (!RESHAPES.has(node.op)) {
    const isKept = node.op === "Transpose" ? permutation(node, from)[0] === 0 : isElementwise(step);
    return span && isKept ? { axis: 0, span } : null;
  }
  const own = span ?? (axis > 0 ? spansOf(from).get(axis) : undefined);
  if (own === undefined) return null;
  const [first = 1] = to;
  if (first >= own[1] && first % own[1] === 0) return { axis: 0, span: own };
  const apart = [...spansOf(to)].find(([, other]) => other.join() === own.join());
  return span && apart ? { axis: apart[0], span: null } : null;
}

/** The elements stay in order: an axis is where those before it are as many. */
function reshapedParts({ from, to }: Step, parts: readonly number[]): readonly number[] {
  const before = spansOf(from);
  const [own, others] = [true, false].map((isPart) =>
    [...before].filter(([axis]) => parts.includes(axis) === isPart),
  );
  const meets = ([start, end]: Span, [first, last]: Span) => start < last && first < end;
  const pure = [...spansOf(to)].filter(
    ([target, span]) => target > 0 && !others!.some(([, other]) => meets(other, span)),
  );
  const spanOf = new Map(own);
  const inOrder = parts.flatMap((axis) => {
    const span = spanOf.get(axis);
    return span ? pure.filter(([, other]) => meets(span, other)).map(([target]) => target) : [];
  });
  return [...new Set(inOrder)];
}

/** Of an axis: elements of all before it, and of these with it. */
export type Span = readonly [before: number, behind: number];

/** Of each axis that is longer than 1. */
function spansOf(shape: readonly number[]): ReadonlyMap<number, Span> {
  const spans = new Map<number, Span>();
  let before = 1;
  shape.forEach((length, axis) => {
    if (length > 1) spans.set(axis, [before, before * length]);
    before *= length;
  });
  return spans;
}

/** Elementwise, of one value or of two of its shape. */
const KEEPS_AXES = operatorsNamed(`
  Abs Add BatchNormalization Cast Clip Div Dropout Elu Erf Exp Gelu HardSigmoid HardSwish Identity
  LeakyRelu Log Max Min Mul Neg PRelu Pow Reciprocal Relu Sigmoid Softmax Softplus Sqrt Sub Tanh
`);
