import { ACTIVATIONS } from "../onnx/activated-values.ts";
import { REDUCTIONS } from "../onnx/channel-parts.ts";
import type { Node, Value } from "../onnx/model.ts";
import { axisAttribute } from "../onnx/operators/axes.ts";
import { parseConv, parseConvTranspose } from "../onnx/operators/convolution.ts";
import { parsePad } from "../onnx/operators/extend.ts";
import { type Inputs, inputsOf } from "../onnx/operators/inputs.ts";
import { parseBlocks, permutation } from "../onnx/operators/layout.ts";
import { parsePool } from "../onnx/operators/pool.ts";
import { parseResize } from "../onnx/operators/resample.ts";
import { sliceRanges } from "../onnx/operators/select.ts";
import { type AxisWindow, span } from "../onnx/operators/window.ts";
import type { StaticGraph } from "../onnx/static-graph.ts";
import { BROADCASTING } from "../onnx/works-along.ts";

/**
 * What the positions along an axis look at, in pixels of the image along one of its own: position p
 * at `size` of them, from `start` + p `stride` on. What of it lies in the padding is nothing.
 */
export interface AxisField {
  readonly imageAxis: "rows" | "columns";
  readonly stride: number;
  readonly start: number;
  readonly size: number;
}

/** Of each axis of a value; `null`: it does not lie along the image. */
export type ReceptiveField = readonly (AxisField | null)[];

/**
 * The receptive fields of a network's values, by interval arithmetic from the image on, through
 * operators that keep places. What makes tokens, looks everywhere or is not known has no axes that
 * lie along the image any more.
 *
 * What is the same at all places does not count, as the gates of squeeze-and-excitation and the
 * statistics of a norm, though these look at the whole image.
 *
 * Source: Araujo, Norris & Sim, Computing Receptive Fields of Convolutional Neural Networks,
 * Distill 2019, with paths that meet joined into one interval.
 */
export function receptiveFields({
  input,
  graph,
  facts,
}: StaticGraph): ReadonlyMap<Value, ReceptiveField> {
  const pixel = { stride: 1, start: 0, size: 1 };
  const fields = new Map<Value, ReceptiveField>([
    [input, [null, null, { ...pixel, imageAxis: "rows" }, { ...pixel, imageAxis: "columns" }]],
  ]);
  for (const node of graph.nodes) {
    const seen = node.inputs.map((value) => fields.get(value) ?? null);
    if (seen.every((field) => field === null)) continue;
    const inputs = inputsOf(node, facts);
    for (const output of node.outputs) {
      const shape = facts.get(output)?.shape;
      if (shape === undefined) continue;
      const field = fieldOf({ node, inputs, seen, shape });
      // a single position, as of a gate, is broadcast to all places
      fields.set(
        output,
        shape.map((length, axis) => (length > 1 ? (field?.[axis] ?? null) : null)),
      );
    }
  }
  return fields;
}

interface Step {
  readonly node: Node;
  readonly inputs: Inputs;
  /** Of each input; `null` of a constant. */
  readonly seen: readonly (ReceptiveField | null)[];
  /** Of the output. */
  readonly shape: readonly number[];
}

/** A step whose first input depends on the image. */
interface StepOfField extends Step {
  readonly field: ReceptiveField;
  /** Of the first input. */
  readonly from: readonly number[];
}

function fieldOf(step: Step): ReceptiveField | null {
  const { op, domain } = step.node;
  if (domain !== "") return null;
  if (JOINS.has(op)) return joined(step);
  const [field] = step.seen;
  if (!field) return null;
  const ofField = { ...step, field, from: step.inputs[0]!.shape };
  return ACTIVATIONS.has(op) ? atThePlace(ofField) : (OTHERS.get(op)?.(ofField) ?? null);
}

/** Operators that put together what stands at the same place of several inputs. */
const JOINS: ReadonlySet<string> = new Set(
  [...BROADCASTING, "Concat", "Where", "Clip"].filter((op) => op !== "MatMul"),
);

/** All that any input looks at, whose axes stand above each other as counted from the last. */
function joined({ inputs, seen, shape }: Step): ReceptiveField {
  return shape.map((length, axis) => {
    const fields = seen.flatMap((field, i) => {
      const own = axis - shape.length + (field?.length ?? 0);
      // of another length it is broadcast, or places are joined to places
      return inputs[i]?.shape[own] === length ? (field?.[own] ?? []) : [];
    });
    const [first, ...others] = fields;
    return first === undefined ? null : others.reduce<AxisField | null>(union, first);
  });
}

/** `null` where the two do not go side by side. */
function union(a: AxisField | null, b: AxisField): AxisField | null {
  if (a === null || a.imageAxis !== b.imageAxis || !isNear(a.stride, b.stride)) return null;
  const start = Math.min(a.start, b.start);
  return { ...a, start, size: Math.max(a.start + a.size, b.start + b.size) - start };
}

const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-6 * Math.abs(b);

/** Along an axis that has become longer or shorter nothing is where it was. */
function atThePlace({ field, from, shape }: StepOfField): ReceptiveField | null {
  if (from.length !== shape.length) return null;
  return field.map((each, axis) => (from[axis] === shape[axis] ? each : null));
}

/** So many positions further on. */
function moved(field: AxisField, positions: number): AxisField {
  return { ...field, start: field.start + positions * field.stride };
}

/** Through windows over the axes from 2 on. */
function throughWindows(
  { field }: StepOfField,
  windows: readonly AxisWindow[],
  through: (field: AxisField, window: AxisWindow) => AxisField,
): ReceptiveField {
  return field.map((each, axis) => {
    const window = windows[axis - 2];
    return each && window ? through(each, window) : null;
  });
}

function slid(field: AxisField, window: AxisWindow): AxisField {
  return {
    ...moved(field, -window.padBegin),
    stride: field.stride * window.stride,
    size: field.size + (span(window) - 1) * field.stride,
  };
}

/** Position p is made of those from (p + padBegin - reach) / stride to (p + padBegin) / stride. */
function slidBack(field: AxisField, window: AxisWindow): AxisField {
  const reach = span(window) - 1;
  return {
    ...moved(field, (window.padBegin - reach) / window.stride),
    stride: field.stride / window.stride,
    size: field.size + (reach / window.stride) * field.stride,
  };
}

/** Between two positions there are both of them. */
function resized({ node, inputs, field }: StepOfField): ReceptiveField {
  const { axes } = parseResize(node, inputs);
  return field.map((each, axis) => {
    const { scale } = axes[axis]!;
    if (each === null || scale === 1) return each;
    const first = moved(each, 0.5 / scale - 0.5 - 1);
    return { ...first, stride: each.stride / scale, size: each.size + 2 * each.stride };
  });
}

function padded({ node, inputs, field }: StepOfField): ReceptiveField {
  const { begins } = parsePad(node, inputs);
  return field.map((each, axis) => each && moved(each, -begins[axis]!));
}

function sliced({ node, inputs, field }: StepOfField): ReceptiveField {
  const ranges = sliceRanges(node, inputs);
  return field.map((each, axis) => {
    const { start, step } = ranges[axis]!;
    return each && { ...moved(each, start), stride: each.stride * step };
  });
}

function gathered(step: StepOfField): ReceptiveField | null {
  const axis = axisAttribute(step.node, step.from.length, 0);
  return atThePlace({ ...step, field: step.field.with(axis, null) });
}

/** A product with weights, along the last axis; of two activations each place is of all. */
function multiplied(step: StepOfField): ReceptiveField | null {
  const last = step.from.length - 1;
  return step.seen[1] ? null : atThePlace({ ...step, field: step.field.with(last, null) });
}

/** Axes before all that has changed, and those behind it, are what they were. */
function reshaped({ field, from, shape }: StepOfField): ReceptiveField {
  const before = shape.findIndex((length, axis) => length !== from[axis]);
  const changedFrom = before < 0 ? shape.length : before;
  let behind = 0;
  while (behind < Math.min(from.length, shape.length) - changedFrom) {
    if (from.at(-1 - behind) !== shape.at(-1 - behind)) break;
    behind++;
  }
  return shape.map((_, axis) => {
    if (axis < changedFrom) return field[axis] ?? null;
    return axis >= shape.length - behind ? field[from.length - shape.length + axis]! : null;
  });
}

/** Blocks are windows that lie side by side. */
function blocks({ node }: StepOfField): readonly AxisWindow[] {
  const { blocksize } = parseBlocks(node);
  const ends = { padBegin: 0, padEnd: 0, input: 0, output: 0 };
  const window = { kernel: blocksize, stride: blocksize, dilation: 1, ...ends };
  return [window, window];
}

const pooled = (step: StepOfField) =>
  throughWindows(step, parsePool(step.node, step.inputs).windows, slid);

const words = (text: string): readonly string[] => text.split(" ");

type Rule = (step: StepOfField) => ReceptiveField | null;

const all = (ops: readonly string[], rule: Rule) => ops.map((op): [string, Rule] => [op, rule]);

const OTHERS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...all([...REDUCTIONS], atThePlace),
  ...all(words("BatchNormalization InstanceNormalization LayerNormalization LRN"), atThePlace),
  ...all(words("LogSoftmax LpNormalization Softmax"), atThePlace),
  ...all(words("Abs Ceil Exp Floor Log Neg Reciprocal Round Sqrt"), atThePlace),
  ...all(words("Cast Dropout Identity Split"), atThePlace),
  ...all(words("AveragePool LpPool MaxPool"), pooled),
  ...all(words("Flatten Reshape Squeeze Unsqueeze"), reshaped),
  ["Conv", (step) => throughWindows(step, parseConv(step.node, step.inputs).windows, slid)],
  [
    "ConvTranspose",
    (step) => throughWindows(step, parseConvTranspose(step.node, step.inputs).windows, slidBack),
  ],
  ["SpaceToDepth", (step) => throughWindows(step, blocks(step), slid)],
  ["DepthToSpace", (step) => throughWindows(step, blocks(step), slidBack)],
  ["MatMul", multiplied],
  ["Transpose", ({ node, field, from }) => permutation(node, from).map((axis) => field[axis]!)],
  ["Resize", resized],
  ["Pad", padded],
  ["Slice", sliced],
  ["Gather", gathered],
]);
