import { ACTIVATIONS } from "../onnx/activated-values.ts";
import { REDUCTIONS, RESHAPES } from "../onnx/channel-parts.ts";
import type { Node, Value } from "../onnx/model.ts";
import { operatorsNamed } from "../onnx/node.ts";
import { axisAttribute } from "../onnx/operators/axes.ts";
import { parseConv, parseConvTranspose } from "../onnx/operators/convolution.ts";
import { parsePad } from "../onnx/operators/extend.ts";
import { type Inputs, inputsOf } from "../onnx/operators/inputs.ts";
import { parseBlocks, permutation } from "../onnx/operators/layout.ts";
import { parsePool } from "../onnx/operators/pool.ts";
import { parseResize } from "../onnx/operators/resample.ts";
import { sliceRanges } from "../onnx/operators/select.ts";
import { reducedAxes } from "../onnx/operators/reduce.ts";
import type { AxisWindow } from "../onnx/operators/window.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { BROADCASTING } from "../onnx/works-along.ts";
import {
  type AxisField,
  fieldOfPixels,
  moved,
  resized,
  slid,
  slidBack,
  union,
} from "./axis-field.ts";

/** Of each axis of a value; `null`: it does not lie along the image. */
export type ReceptiveField = readonly (AxisField | null)[];

/**
 * What is known of each axis; "alike": its positions all look at the same, as the single one of a
 * gate does.
 */
type Seen = readonly (AxisField | "alike" | null)[];

/**
 * The receptive fields of a network's values, by interval arithmetic from the image on, through
 * operators that keep places. What makes tokens, looks everywhere or is not known has no axes that
 * lie along the image any more.
 *
 * What is the same at all places does not count, as the gates of squeeze-and-excitation and the
 * statistics of a norm, though these look at the whole image; nor does what a Pad mirrors.
 *
 * Source: Araujo, Norris & Sim, Computing Receptive Fields of Convolutional Neural Networks,
 * Distill 2019, with paths that meet joined into one interval.
 */
export function receptiveFields({
  input,
  graph,
  facts,
}: StaticGraph): ReadonlyMap<Value, ReceptiveField> {
  const fields = new Map<Value, Seen>([
    [input, [null, null, fieldOfPixels("rows"), fieldOfPixels("columns")]],
  ]);
  const folds = new Map<Value, Fold>();
  for (const node of graph.nodes) {
    const seen = node.inputs.map((value) => fields.get(value) ?? null);
    if (seen.every((field) => field === null)) continue;
    const inputs = inputsOf(node, facts);
    for (const output of node.outputs) {
      const shape = facts.get(output)?.shape;
      if (shape === undefined) continue;
      const step = { node, inputs, seen, shape };
      const fold = foldOf(step, folds.get(node.inputs[0] ?? ""));
      if (fold !== null) folds.set(output, fold);
      const field = fold?.shape.join() === shape.join() ? fold.seen : fieldOf(step);
      fields.set(
        output,
        shape.map((length, axis) => (length > 1 ? (field?.[axis] ?? null) : "alike")),
      );
    }
  }
  return new Map([...fields].map(([value, field]) => [value, field.map(placed)]));
}

const placed = (each: Seen[number]) => (each === "alike" ? null : each);

interface Step {
  readonly node: Node;
  readonly inputs: Inputs;
  /** Of each input; `null` of a constant. */
  readonly seen: readonly (Seen | null)[];
  /** Of the output. */
  readonly shape: readonly number[];
}

/** A step whose first input depends on the image. */
interface StepOfField extends Step {
  readonly field: Seen;
  /** Of the first input. */
  readonly from: readonly number[];
}

function fieldOf(step: Step): Seen | null {
  if (step.node.domain !== "") return null;
  if (JOINS.has(step.node.op)) return joined(step);
  const [field] = step.seen;
  return field ? ruleOf(step.node)({ ...step, field, from: step.inputs[0]!.shape }) : null;
}

function ruleOf({ op }: Node): Rule {
  return ACTIVATIONS.has(op) ? atThePlace : (OTHERS.get(op) ?? (() => null));
}

/** What a value was before a Reshape. */
interface Fold {
  readonly seen: Seen;
  readonly shape: readonly number[];
}

/** It is the same again once it has that shape, as behind the norm of a group of channels. */
function foldOf({ node, inputs, seen }: Step, before: Fold | undefined): Fold | null {
  const [field] = seen;
  if (!field || node.domain !== "") return null;
  if (RESHAPES.has(node.op)) return before ?? { seen: field, shape: inputs[0]!.shape };
  return before && ruleOf(node) === atThePlace ? before : null;
}

/** Operators that put together what stands at the same place of several inputs. */
const JOINS: ReadonlySet<string> = new Set(
  [...BROADCASTING, "Concat", "Expand", "Where", "Clip"].filter((op) => op !== "MatMul"),
);

/** All that any input looks at, whose axes stand above each other as counted from the last. */
function joined({ node, inputs, seen, shape }: Step): Seen {
  return shape.map((length, axis) => {
    const ways = seen.flatMap((field, i) => {
      if (field === null) return [];
      const own = axis - shape.length + field.length;
      if (inputs[i]!.shape[own] === length) return [field[own]!];
      // places are joined to places, or one is broadcast
      return [node.op === "Concat" ? null : ("alike" as const)];
    });
    const [first, ...others] = ways.map(placed).filter((way) => way !== null);
    if (first === undefined) return ways.includes(null) ? null : "alike";
    const all = others.reduce<AxisField | null>((a, b) => a && union(a, b, length), first);
    return all && ways.includes(null) ? { ...all, isEverywhere: true } : all;
  });
}

/** Along an axis that has become longer or shorter nothing is where it was. */
function atThePlace({ field, from, shape }: StepOfField): Seen | null {
  if (from.length !== shape.length) return null;
  return field.map((each, axis) => (from[axis] === shape[axis] ? each : null));
}

type OfAxis = (field: AxisField, axis: number) => AxisField | null;

/** Of the axes along the image; at the others' positions nothing has changed. */
function ofPlaces(field: Seen, made: OfAxis): Seen {
  return field.map((each, axis) => (each === null || each === "alike" ? each : made(each, axis)));
}

/** Through windows over the axes from 2 on. */
function throughWindows(
  { field, from }: StepOfField,
  windows: readonly AxisWindow[],
  through: (field: AxisField, window: AxisWindow) => AxisField,
): Seen {
  const made = ofPlaces(field, (each, axis) => {
    const window = windows[axis - 2];
    return window ? through(each, window) : null;
  });
  // each of several windows sees another part of one position
  return made.map((each, axis) => (each === "alike" && from[axis] === 1 ? null : each));
}

function resampled({ node, inputs, field }: StepOfField): Seen {
  const resizing = parseResize(node, inputs);
  return ofPlaces(field, (each, axis) => resized(each, resizing.axes[axis]!, resizing));
}

function padded({ node, inputs, field }: StepOfField): Seen {
  const { begins } = parsePad(node, inputs);
  return ofPlaces(field, (each, axis) => moved(each, -begins[axis]!));
}

/** What is turned round does not lie side by side. */
function sliced({ node, inputs, field }: StepOfField): Seen {
  const ranges = sliceRanges(node, inputs);
  return ofPlaces(field, (each, axis) => {
    const { start, step } = ranges[axis]!;
    return step > 0 ? { ...moved(each, start), stride: each.stride * step } : null;
  });
}

function gathered(step: StepOfField): Seen | null {
  const { node, inputs, field, from } = step;
  const axis = axisAttribute(node, from.length, 0);
  if (inputs[1]?.shape.length === 0) return field.toSpliced(axis, 1);
  return atThePlace({ ...step, field: field.with(axis, null) });
}

function reduced(step: StepOfField): Seen | null {
  const { node, inputs, field, from, shape } = step;
  if (from.length === shape.length) return atThePlace(step);
  const taken = reducedAxes(node, inputs);
  return field.filter((_, axis) => !taken.includes(axis));
}

/** A product with weights, along the last axis; of two activations each place is of all. */
function multiplied(step: StepOfField): Seen | null {
  const last = step.from.length - 1;
  return step.seen[1] ? null : atThePlace({ ...step, field: step.field.with(last, null) });
}

/**
 * An axis is what it was where it is as long, and as many elements lie behind each position. Where
 * it is split, as space to depth is written out, the first part has windows side by side.
 */
function reshaped({ field, from, shape }: StepOfField): Seen {
  const behind = (lengths: readonly number[], axis: number) => sizeOf(lengths.slice(axis + 1));
  return shape.map((length, axis) => {
    const elements = behind(shape, axis);
    const own = from.findIndex(
      (other, i) =>
        other * behind(from, i) === length * elements && elements % behind(from, i) === 0,
    );
    const each = field[own] ?? null;
    const split = elements / behind(from, own);
    return each === null || each === "alike" || split === 1 ? each : slid(each, sideBySide(split));
  });
}

/** A window whose next one begins where it ends. */
function sideBySide(kernel: number): AxisWindow {
  return { kernel, stride: kernel, dilation: 1, padBegin: 0, padEnd: 0, input: 0, output: 0 };
}

/** Blocks are windows that lie side by side. */
function blocks({ node }: StepOfField): readonly AxisWindow[] {
  const window = sideBySide(parseBlocks(node).blocksize);
  return [window, window];
}

const pooled = (step: StepOfField) =>
  throughWindows(step, parsePool(step.node, step.inputs).windows, slid);

type Rule = (step: StepOfField) => Seen | null;

const all = (ops: ReadonlySet<string>, rule: Rule) =>
  [...ops].map((op): [string, Rule] => [op, rule]);

const OTHERS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...all(REDUCTIONS, reduced),
  ...all(
    operatorsNamed("BatchNormalization InstanceNormalization LayerNormalization LRN"),
    atThePlace,
  ),
  ...all(operatorsNamed("LogSoftmax LpNormalization Softmax"), atThePlace),
  ...all(
    operatorsNamed("Abs Ceil Exp Floor Log Neg Reciprocal Round Shrink Sign Sqrt"),
    atThePlace,
  ),
  ...all(operatorsNamed("Acos Acosh Asin Asinh Atan Atanh Cos Cosh Sin Sinh Tan"), atThePlace),
  ...all(operatorsNamed("Cast Dropout Identity Split"), atThePlace),
  ...all(operatorsNamed("AveragePool LpPool MaxPool"), pooled),
  ...all(RESHAPES, reshaped),
  ["Conv", (step) => throughWindows(step, parseConv(step.node, step.inputs).windows, slid)],
  [
    "ConvTranspose",
    (step) => throughWindows(step, parseConvTranspose(step.node, step.inputs).windows, slidBack),
  ],
  ["SpaceToDepth", (step) => throughWindows(step, blocks(step), slid)],
  ["DepthToSpace", (step) => throughWindows(step, blocks(step), slidBack)],
  ["MatMul", multiplied],
  ["Transpose", ({ node, field, from }) => permutation(node, from).map((axis) => field[axis]!)],
  ["Resize", resampled],
  ["Pad", padded],
  ["Slice", sliced],
  ["Gather", gathered],
]);
