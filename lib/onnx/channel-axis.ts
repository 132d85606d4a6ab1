import {
  mergedAfter,
  partsAfter,
  REDUCTIONS,
  RESHAPES,
  type Span,
  type Step as Move,
  takenAxes,
} from "./channel-parts.ts";
import type { Node, Value } from "./model.ts";
import { operatorsNamed } from "./node.ts";
import { axisAttribute } from "./operators/axes.ts";
import { inputsOf } from "./operators/inputs.ts";
import { permutation } from "./operators/layout.ts";
import { parseEinsum } from "./operators/matrix.ts";
import type { StaticGraph } from "./static-graph.ts";
import { sizeOf } from "./tensor.ts";

/**
 * The axis along which each value's channels lie, decided by the operators that made it: 1 for an
 * image and for convolutions, the last for a product with a matrix, and where Transpose and Reshape
 * take it from there.
 *
 * @returns no entry for a value that does not depend on the image, `NO_CHANNELS` for one that has
 *   no such axis, as a single plane [N, H, W]
 */
export function channelAxes(graph: StaticGraph): ReadonlyMap<Value, number> {
  return new Map([...knownValues(graph)].map(([value, { axis }]) => [value, axis]));
}

/** Values that tell how well tokens match each other, as attention has them, whatever their axes. */
export function matchScores(graph: StaticGraph): ReadonlySet<Value> {
  return new Set(
    [...knownValues(graph)].flatMap(([value, { isScores }]) => (isScores ? value : [])),
  );
}

function knownValues({ input, graph, facts }: StaticGraph): ReadonlyMap<Value, Known> {
  const image = { axis: 1, made: 0, isInFront: false, parts: null, span: null, isScores: false };
  const known = new Map<Value, Known>([[input, image]]);
  const shapeOf = (value: Value | undefined) => facts.get(value ?? "")?.shape ?? [];
  for (const node of graph.nodes) {
    const rank = shapeOf(node.outputs[0]).length;
    const value = decidingInput(node, known, (each) => shapeOf(each).length === rank);
    const source = known.get(value ?? "");
    if (source === undefined) continue;
    for (const output of node.outputs) {
      const [from, to] = [shapeOf(value), shapeOf(output)];
      if (to.length === 0) continue;
      known.set(output, knownAfter({ node, from, to, facts, axis: source.axis }, source, known));
    }
  }
  return known;
}

/** What is known of a value. */
interface Known {
  /** Along which its channels lie, or `NO_CHANNELS`. */
  readonly axis: number;
  /** Values known before it. */
  readonly made: number;
  /** Whether its channels lie in front for now, where exporters index them: they may come back. */
  readonly isInFront: boolean;
  /** The axes that its channels are split into, where they are. */
  readonly parts: readonly number[] | null;
  /** Where its channels are, as long as they are put together with the batch. */
  readonly span: Span | null;
  /** Whether it has none of its own, but heads at best: how well tokens match. */
  readonly isScores: boolean;
}

/** The first that has channels; where some are joined whose axes differ, the one made first. */
function decidingInput(
  { op, inputs }: Node,
  known: ReadonlyMap<Value, Known>,
  isAlike: (value: Value) => boolean,
): Value | undefined {
  const reached = inputs.filter((value) => known.has(value));
  const axisOf = (value: Value) => known.get(value)!.axis;
  const withChannels = reached.filter((value) => axisOf(value) !== NO_CHANNELS);
  const first = withChannels[0] ?? reached[0];
  if (OPERATORS.has(op)) return first;
  const alike = withChannels.filter(isAlike);
  if (new Set(alike.map(axisOf)).size < 2) return first;
  // tokens mixed with each other are added to what they were before
  return alike.toSorted((a, b) => known.get(a)!.made - known.get(b)!.made)[0];
}

function knownAfter(step: Step, source: Known, known: ReadonlyMap<Value, Known>): Known {
  const { node, from, to } = step;
  const rule = OPERATORS.get(node.op);
  const back = source.isInFront ? fromFront(step) : null;
  const followed = back ?? rule?.(step, known) ?? kept(step);
  const parts = source.axis === NO_CHANNELS ? [] : partsAfter(step, source.parts ?? [source.axis]);
  const isApart = source.parts !== null && parts.length > 0 && !parts.includes(followed);
  const merged = mergedAfter(step, source.axis, source.span);
  const axis = merged?.axis ?? (isApart ? parts.at(-1)! : Math.abs(followed));
  const isMoved = node.op === "Transpose" || node.op === "Gather" || RESHAPES.has(node.op);
  const comesToFront = isMoved && axis === 0 && (source.isInFront || source.axis !== NO_CHANNELS);
  const stays = source.isInFront && (node.op.startsWith("Gather") || rule === undefined);
  return {
    axis: axis >= 1 && axis < to.length ? axis : NO_CHANNELS,
    made: known.size,
    isInFront: comesToFront || (stays && from.length === to.length),
    parts: parts.length > 1 ? parts : null,
    span: merged?.span ?? null,
    isScores: followed === HEADS || (source.isScores && !MIXES.has(node.op)),
  };
}

/** In place of an axis: 0 is the batch. */
export const NO_CHANNELS = 0;

/** The first behind the batch, for want of channels. */
const HEADS = -1;

/** Operators whose outputs have channels of their own. */
const MIXES = operatorsNamed("Conv ConvTranspose MatMul Gemm Einsum");

interface Step extends Move {
  /** Of the input that decides. */
  readonly axis: number;
}

type Rule = (step: Step, known: ReadonlyMap<Value, Known>) => number;

/** Elementwise, and whatever keeps the order of the axes; leading axes may be added. */
const kept = ({ from, to, axis }: Step): number => {
  if (axis === NO_CHANNELS && to.length === from.length) return NO_CHANNELS;
  return to.length >= from.length ? axis + to.length - from.length : 1;
};

const second: Rule = () => 1;

/** One that slides along the channels themselves, as ECA's, leaves them where they are. */
const convolved: Rule = ({ from, to, axis }) => {
  const isOfOne = from[1] === 1 && to[1] === 1;
  return isOfOne && axis > 1 && to[axis]! > 1 ? axis : 1;
};

/**
 * With a matrix of weights its columns; its rows, where it stands in front and contracts the
 * channels. Of two activations where those of the second or the first
 * stay, columns or rows; scores, which weigh the other, have none to stay. Else heads.
 */
const product: Rule = ({ node, to }, known) => {
  const [left, right] = [0, 1].map((index) => known.get(node.inputs[index] ?? ""));
  const last = to.length - 1;
  if (right === undefined) return last;
  if (left === undefined && last > 1 && right.axis === last - 1) return last - 1;
  const stays = (of: Known | undefined, axis: number) => of?.axis === axis && !of.isScores;
  if (stays(right, last)) return last;
  if (stays(left, last - 1)) return last - 1;
  return right.axis === last ? last : HEADS;
};

/**
 * Where the letter of the channels stays, of the last input that has some; where weights contract
 * it, the longest of their axes, as of heads and their width; else heads.
 */
const contracted: Rule = ({ node, to, facts }, known) => {
  const { terms, output } = parseEinsum(node, inputsOf(node, facts));
  const places = node.inputs.map((value, i) => {
    const axis = known.get(value)?.axis;
    return axis === undefined || axis === NO_CHANNELS ? -1 : output.indexOf(terms[i]![axis]!);
  });
  const stays = places.findLast((place) => place > 0);
  if (stays !== undefined) return stays;
  const made = terms.filter((_, i) => known.has(node.inputs[i]!)).join("");
  const ofWeights = [...to.keys()].filter((axis) => !made.includes(output[axis]!));
  const longest = Math.max(...ofWeights.map((axis) => to[axis]!));
  return ofWeights.findLast((axis) => axis > 0 && to[axis] === longest) ?? HEADS;
};

/** Where channels that lie in front come to; `null` where they stay. */
function fromFront({ node, from, to }: Step): number | null {
  if (node.op === "Transpose") return permutation(node, from).indexOf(0);
  if (RESHAPES.has(node.op) && to[0] === 1 && to[1] === from[0]) return 1;
  // as_strided takes them from a row of nothing else
  const long = [...to.keys()].filter((axis) => to[axis] !== 1);
  return node.op === "Gather" && from.length === 1 && long.length === 1 ? long[0]! : null;
}

const transposed: Rule = ({ node, from, axis }) =>
  axis === NO_CHANNELS ? NO_CHANNELS : permutation(node, from).indexOf(axis);

/** Without the axis of the channels: [N, H, W] is one plane, [N, F] has features. */
const withoutIt = (to: readonly number[]): number => (to.length > 2 ? NO_CHANNELS : 1);

/**
 * The same elements: the last of the axes that the channels were split into, or what holds them.
 */
const reshaped: Rule = ({ node, from, to, axis }) => {
  // a plane among others once more
  if (axis === NO_CHANNELS) return to.length > from.length && to[1] === 1 ? 1 : NO_CHANNELS;
  const isDropped = from[axis] === 1 && from.toSpliced(axis, 1).join() === to.join();
  // a Reshape may as well make channels of another axis, as heads that detect do
  if (isDropped && node.op === "Squeeze") return withoutIt(to);
  // one image alone, without its batch
  const isAlone = axis === 1 && from[0] === 1 && from[1]! > 1;
  if (isAlone && to[0] === from[1]) return 0;
  const before = sizeOf(from.slice(0, axis));
  const end = before * from[axis]!;
  const upTo = (count: number) => sizeOf(to.slice(0, count));
  const behindBatch = [...to.keys()].slice(1);
  const isSplit = behindBatch.some((target) => upTo(target) === before);
  const inside = behindBatch.filter((target) => upTo(target) >= before && upTo(target + 1) <= end);
  const long = inside.filter((target) => to[target] !== 1);
  if (isSplit && inside.length > 0) return long.at(-1) ?? inside[0]!;
  // some of their parts went to the places, as the anchors of heads that detect
  if (long.length > 0) return long.at(-1)!;
  return behindBatch.findLast((target) => upTo(target) <= before) ?? 1;
};

/** Axes before it that are taken away move it to the front. */
const reduced: Rule = (step) => {
  const { from, to, axis } = step;
  if (from.length === to.length || axis === NO_CHANNELS) return axis;
  const taken = takenAxes(step);
  if (taken.includes(axis)) return withoutIt(to);
  return axis - taken.filter((each) => each < axis).length;
};

const gathered: Rule = ({ node, from, to, axis }) => {
  const along = axisAttribute(node, from.length, 0);
  const isTaken = to.length < from.length;
  // queries, keys and values, once in front of the batch: what is left begins with it again
  if (axis === NO_CHANNELS) return isTaken && along === 0 ? 1 : NO_CHANNELS;
  if (along === axis && isTaken) return withoutIt(to);
  return along < axis ? axis + to.length - from.length : axis;
};

/** The axes in front are indexed, those behind stay as they are. */
const gatheredInFront: Rule = ({ from, to, axis }) =>
  axis === NO_CHANNELS ? NO_CHANNELS : axis + to.length - from.length;

const OPERATORS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["Conv", convolved],
  ...["ConvTranspose", "DepthToSpace", "SpaceToDepth"].map((op) => [op, second] as const),
  ["MatMul", product],
  ["Gemm", product],
  ["Einsum", contracted],
  ["Transpose", transposed],
  ...[...RESHAPES].map((op) => [op, reshaped] as const),
  ...[...REDUCTIONS].map((op) => [op, reduced] as const),
  ["Gather", gathered],
  ["GatherND", gatheredInFront],
]);
