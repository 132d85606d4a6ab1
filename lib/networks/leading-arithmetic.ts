import { constantFacts } from "../onnx/facts.ts";
import type { Graph, Node, Value } from "../onnx/model.ts";
import { intAttribute, intsAttribute, operatorsNamed } from "../onnx/node.ts";
import { readersByValue } from "../onnx/readers.ts";
import { inferIfPossible } from "../onnx/shape-inference.ts";
import { filled, intsTensor, numbersIn, sizeOf, toNumbers } from "../onnx/tensor.ts";
import { type ConstantOf, constantFinder, constantInputs } from "./constant-finder.ts";
import { type Affine, arithmeticOf, type PlaneAxis } from "./plane-arithmetic.ts";

/** A plane of the image, and what has been done to it. */
interface Plane {
  /** Its place in the image. */
  readonly source: number;
  readonly factor: number;
  readonly offset: number;
}

/** The image, or some of its planes, on their way into a network. */
interface Stage {
  readonly value: Value;
  readonly planes: readonly Plane[];
  /** Where the planes lie; `null` where it is not followed. */
  readonly place: PlaneAxis | null;
  readonly operators: readonly Node[];
}

type ReadersOf = (value: Value) => readonly Node[];

/** Operators between image and arithmetic that leave its numbers as they are. */
const CARRIES = operatorsNamed(
  "Cast CastLike Identity Dropout Clip Transpose Pad Resize Squeeze Unsqueeze Reshape",
);

/** Operators that take planes out of an image, or turn their order. */
const PICKS = operatorsNamed("Gather Slice Split");

/**
 * What a network does to its image before anything else, as long as that is arithmetic with
 * constants: Sub, Div, Mul, Add, BatchNormalization, be there casts, transpositions or pads
 * between; of all planes at once, or of each by itself until a Concat.
 *
 * @param planes of the image
 */
export function leadingArithmetic(
  graph: Graph,
  image: Value,
  planes: number,
): { readonly affine: Affine; readonly operators: readonly Node[] } {
  const constantOf = constantFinder(graph);
  const readersOf = readerFinder(graph);
  let stage: Stage = {
    value: image,
    planes: filled(planes, 0).map((_, source) => ({ source, factor: 1, offset: 0 })),
    place: { axis: 1, rank: 4 },
    operators: [],
  };
  for (let next: Stage | null = stage; next !== null;) {
    stage = followed(next, readersOf, constantOf);
    next = rearranged(stage, readersOf, constantOf);
  }
  const bySource = stage.planes.toSorted((a, b) => a.source - b.source);
  return {
    affine: {
      factor: bySource.map(({ factor }) => factor),
      offset: bySource.map(({ offset }) => offset),
    },
    operators: stage.operators,
  };
}

/** What reads a value, but for those that ask for its size alone. */
function readerFinder(graph: Graph): ReadersOf {
  const readers = readersByValue(graph.nodes.filter(({ op }) => op !== "Shape" && op !== "Size"));
  return (value) => readers.get(value) ?? [];
}

/**
 * Nodes before the first layer, in a row: to normalise takes four, with casts and layouts eight.
 */
const MOST_FOLLOWED = 32;

/** As far as one node after the other reads it, and that does arithmetic or nothing. */
function followed(from: Stage, readersOf: ReadersOf, constantOf: ConstantOf): Stage {
  let stage = from;
  let passed = 0;
  for (;;) {
    const { value, place, planes, operators } = stage;
    const [node, ...others] = readersOf(value);
    const output = node?.outputs[0];
    if (!node || !output || others.length > 0 || node.domain !== "") return stage;
    if (passed++ >= MOST_FOLLOWED) return stage;
    if (CARRIES.has(node.op)) {
      if (node.inputs[0] !== value) return stage;
      stage = { ...stage, value: output, place: place && placeAfter(node, place, constantOf) };
      continue;
    }
    const change = arithmeticOf(node, value, { planes: planes.length, place }, constantOf);
    if (change === null) return stage;
    const changed = planes.map(({ source, factor, offset }, i) => ({
      source,
      factor: factor * change.factor[i]!,
      offset: offset * change.factor[i]! + change.offset[i]!,
    }));
    stage = { ...stage, value: output, planes: changed, operators: [...operators, node] };
  }
}

/**
 * The image behind nodes that turn the order of its planes, or that take it apart and join it again
 * with arithmetic between; `null` where it is read in any other way.
 */
function rearranged(stage: Stage, readersOf: ReadersOf, constantOf: ConstantOf): Stage | null {
  const { place, planes, operators } = stage;
  if (place === null) return null;
  const parts: Stage[] = [];
  for (const node of readersOf(stage.value)) {
    const picked = pickedFrom(node, stage, place, constantOf);
    if (picked === null) return null;
    parts.push(...picked);
    // more parts than planes are not each plane once
    if (parts.length > planes.length) return null;
  }
  const [only, another] = parts;
  if (!only) return null;
  if (!another) return isWhole(only.planes, planes) ? only : null;
  const ends = parts.map((part) => followed(part, readersOf, constantOf));
  const [join, ...others] = new Set(ends.flatMap(({ value }) => readersOf(value)));
  const output = join?.outputs[0];
  if (!join || !output || others.length > 0 || join.domain !== "" || join.op !== "Concat") {
    return null;
  }
  const axis = intAttribute(join, "axis", 1);
  if ((axis < 0 ? axis + place.rank : axis) !== place.axis) return null;
  const endOf = new Map(ends.map((end) => [end.value, end]));
  const joined = join.inputs.map((input) => endOf.get(input));
  if (joined.includes(undefined)) return null;
  const together = joined.flatMap((end) => end!.planes);
  if (!isWhole(together, planes)) return null;
  const between = ends.flatMap((end) => end.operators.slice(operators.length));
  return { value: output, planes: together, place, operators: [...operators, ...between] };
}

/** The planes that each output of a node has; `null` if it does anything else too. */
function pickedFrom(
  node: Node,
  { value, planes, operators }: Stage,
  { axis, rank }: PlaneAxis,
  constantOf: ConstantOf,
): readonly Stage[] | null {
  if (!PICKS.has(node.op) || node.domain !== "" || node.inputs[0] !== value) return null;
  // what it makes of their numbers it makes of the planes
  const numbers = intsTensor(planes.map((_, i) => i));
  const shape = filled(rank, 1).with(axis, planes.length);
  const others = constantInputs(node.inputs.slice(1), constantOf);
  if (others === null) return null;
  const outputs = inferIfPossible(node, [constantFacts({ ...numbers, shape }), ...others]);
  const picked: Stage[] = [];
  for (const [i, output] of node.outputs.entries()) {
    const constant = outputs[i]?.constant;
    const length = constant?.shape[axis];
    if (!constant || sizeOf(constant.shape) === 0) return null;
    picked.push({
      value: output,
      planes: toNumbers(constant).map((place) => planes[place]!),
      place: constant.shape.length === rank && length !== undefined ? { axis, rank } : null,
      operators,
    });
  }
  return picked;
}

/** Whether these are all planes, each once. */
function isWhole(some: readonly Plane[], all: readonly Plane[]): boolean {
  return (
    some.length === all.length && new Set(some.map(({ source }) => source)).size === all.length
  );
}

/** @returns `null` where it is not followed */
function placeAfter(
  node: Node,
  { axis, rank }: PlaneAxis,
  constantOf: ConstantOf,
): PlaneAxis | null {
  if (node.op === "Reshape") return null;
  if (node.op === "Squeeze" || node.op === "Unsqueeze") {
    const axes = numbersIn(constantOf(node.inputs[1] ?? ""));
    if (axes === null) return null;
    const after = rank + (node.op === "Squeeze" ? -axes.length : axes.length);
    const changed = new Set(axes.map((each) => (each < 0 ? each + Math.max(rank, after) : each)));
    const kept = Array.from({ length: Math.max(rank, after) }, (_, i) => i).filter(
      (each) => !changed.has(each),
    );
    const place = node.op === "Squeeze" ? kept.indexOf(axis) : kept[axis];
    return place === undefined || place < 0 ? null : { axis: place, rank: after };
  }
  if (node.op !== "Transpose") return { axis, rank };
  const reversed = Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return { axis: intsAttribute(node, "perm", reversed).indexOf(axis), rank };
}
